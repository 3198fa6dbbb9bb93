"""In which order cells are measured: drawn at random, and balanced against drift."""

import random
from collections.abc import Iterator, Sequence

from upecho.measure.cells import Cell


def rounds(cells: Sequence[Cell], seed: int) -> Iterator[list[Cell]]:
    """Yield one order of all cells after the other, for ever.

    Cells of one scenario stay together, since those are compared: less changes on the machine between them.
    Every second order is the one before it backwards (ABBA), so a machine that slows down favours nobody.
    """
    source = random.Random(seed)
    while True:
        order = _drawn(cells, source)
        yield order
        yield order[::-1]


def _drawn(cells: Sequence[Cell], source: random.Random) -> list[Cell]:
    groups = list(dict.fromkeys(cell.scenario for cell in cells))
    source.shuffle(groups)
    order: list[Cell] = []
    for scenario in groups:
        group = [cell for cell in cells if cell.scenario == scenario]
        source.shuffle(group)
        order += group
    return order
