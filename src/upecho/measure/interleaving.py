"""In which order cells are measured: drawn at random, and balanced against drift."""

import random
from collections.abc import Iterator, Sequence

from upecho.measure.cells import Cell


def rounds(cells: Sequence[Cell], seed: int, *, copies: bool = False) -> Iterator[list[Cell]]:
    """Yield one order of all cells after the other, for ever.

    Cells that are compared, those of one scenario over one family, stay together: less changes on the machine between
    them. Every second order is the one before it backwards (ABBA), so a machine that slows down favours nobody.

    With ``copies`` one cell of each such group stands in it twice, another one every second round: what the two differ
    by is what the same thing differs by (A/A).
    """
    source = random.Random(seed)
    number = 0
    while True:
        order = _drawn(cells, source, number if copies else None)
        yield order
        yield order[::-1]
        number += 1


def _drawn(cells: Sequence[Cell], source: random.Random, copied: int | None) -> list[Cell]:
    groups = list(dict.fromkeys((cell.scenario, cell.family) for cell in cells))
    source.shuffle(groups)
    order: list[Cell] = []
    for key in groups:
        group = [cell for cell in cells if (cell.scenario, cell.family) == key]
        if copied is not None:
            group.append(group[copied % len(group)])
        source.shuffle(group)
        order += group
    return order
