"""Rounds of trials, until they tell what was to be known or the time is used up."""

import time
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass

from upecho.measure import interleaving
from upecho.measure.cells import Cell
from upecho.measure.statistics.costs import Costs
from upecho.measure.trials import Bench, Trial


@dataclass(frozen=True)
class Limits:
    """When to stop.

    Attributes:
        rounds: at most.
        budget_seconds: no further round is begun that would go beyond it, judging by the one before.
        fewest: rounds before precision is looked at.
        precision: no further round is begun with cells whose ratios are known to that share; 0: it is never enough.
        copies: in each round, one cell of those that are compared is measured twice.
    """

    rounds: int
    budget_seconds: float
    fewest: int = 1
    precision: float = 0.0
    copies: bool = False


def measure(  # noqa: PLR0913 (what is measured, until when, in which order)
    bench: Bench,
    cells: Sequence[Cell],
    limits: Limits,
    seed: int,
    before: Callable[[Cell, int], None],
    *,
    beside: Set[Cell] = frozenset(),
) -> Iterator[Trial]:
    """Measure trials in interleaved rounds; a cell that failed once is not measured again.

    Args:
        bench: does the measuring.
        cells: what to measure.
        limits: when to stop.
        seed: of the order.
        before: told of each trial before it begins: its cell and its round.
        beside: those of the cells that are measured only beside others, with which they can be compared.
    """
    end = time.monotonic() + limits.budget_seconds
    costs = Costs()
    wanted = set(cells)
    orders = interleaving.rounds(cells, seed, copies=limits.copies)
    for number, order in zip(range(1, limits.rounds + 1), orders, strict=False):
        began = time.monotonic()
        for cell in order:
            if cell in wanted:
                before(cell, number)
                trial = bench.measure(cell, number)
                costs.add(trial)
                if trial.failure or trial.void:
                    wanted.remove(cell)
                yield trial
        if limits.precision and number >= limits.fewest:
            wanted = _still_wanted(wanted, costs, limits.precision)
        asked = {cell.name.group for cell in wanted - beside}
        wanted = {cell for cell in wanted if cell.name.group in asked}
        now = time.monotonic()
        if not wanted or now + (now - began) > end:
            return


def _still_wanted(wanted: set[Cell], costs: Costs, precision: float) -> set[Cell]:
    known = {group for group in costs.groups() if costs.precision(group) <= precision}
    return {cell for cell in wanted if cell.name.group not in known}
