"""Rounds of blocks, until there are enough of them or the time is used up."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from upecho.measure import interleaving
from upecho.measure.blocks import Bench, Block
from upecho.measure.cells import Cell


@dataclass(frozen=True)
class Limits:
    """When to stop.

    Attributes:
        rounds: at most.
        budget_seconds: no further round is begun that would go beyond it, judging by the one before.
    """

    rounds: int
    budget_seconds: float


def measure(
    bench: Bench, cells: Sequence[Cell], limits: Limits, seed: int, before: Callable[[Cell, int], None]
) -> Iterator[Block]:
    """Measure blocks in interleaved rounds; a cell that failed once is not measured again.

    Args:
        bench: does the measuring.
        cells: what to measure.
        limits: when to stop.
        seed: of the order.
        before: told of each block before it begins: its cell and its round.
    """
    end = time.monotonic() + limits.budget_seconds
    failed: set[Cell] = set()
    for number, order in zip(range(1, limits.rounds + 1), interleaving.rounds(cells, seed), strict=False):
        began = time.monotonic()
        for cell in order:
            if cell not in failed:
                before(cell, number)
                block = bench.measure(cell, number)
                if block.failure:
                    failed.add(cell)
                yield block
        now = time.monotonic()
        if now + (now - began) > end:
            return
