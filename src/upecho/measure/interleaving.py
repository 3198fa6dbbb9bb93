"""The order in which cells are measured: random, and balanced against drift of the machine."""

import random
from collections.abc import Iterator, Sequence

from upecho.measure.plan.cell_plan import PlannedCell


def orders(cells: Sequence[PlannedCell], seed: int, *, copies: bool = False) -> Iterator[list[PlannedCell]]:
    """Yield the order of one round after another, without end.

    The cells of a group stay together, because the machine changes less between trials that follow each other. Every
    second round reverses the order of the round before (ABBA), so that a machine that slows down favours no cell.

    Args:
        cells: Cells to measure.
        seed: Seed of the order.
        copies: Whether to measure one cell of each group twice in every round, a different cell every two rounds. The
            difference between the two copies shows how much a server differs from itself (A/A).
    """
    source = random.Random(seed)
    number = 0
    while True:
        order = _shuffled(cells, source, number if copies else None)
        yield order
        yield order[::-1]
        number += 1


def _shuffled(cells: Sequence[PlannedCell], source: random.Random, copied: int | None) -> list[PlannedCell]:
    groups = list(dict.fromkeys(one.cell.group for one in cells))
    source.shuffle(groups)
    order: list[PlannedCell] = []
    for key in groups:
        group = [one for one in cells if one.cell.group == key]
        if copied is not None:
            group.append(group[copied % len(group)])
        source.shuffle(group)
        order += group
    return order
