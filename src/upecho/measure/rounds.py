"""Rounds of trials, until the ratios are precise enough or a limit is reached."""

import time
from collections.abc import Callable, Iterator, Sequence

from upecho.measure import interleaving
from upecho.measure.count_runner import Runner
from upecho.measure.plan.cell_plan import PlannedCell
from upecho.measure.plan.cells import Cell
from upecho.measure.plan.settings import RunSettings
from upecho.measure.statistics.costs import Costs
from upecho.measure.statistics.plausibility import Void, are_exceptions
from upecho.measure.trials import Trial


def measure(
    runner: Runner,
    cells: Sequence[PlannedCell],
    settings: RunSettings,
    *,
    on_start: Callable[[Cell, int], None],
) -> Iterator[Trial]:
    """Measure trials in interleaved rounds; a cell that has failed once, or is void too often, is not measured again.

    Args:
        runner: Measures single trials.
        cells: Cells to measure.
        settings: When to stop, the seed of the order, and what the ratios are relative to.
        on_start: Called before each trial with its cell and the number of its round.
    """
    limits = settings.limits
    end = time.monotonic() + limits.budget_seconds
    costs = Costs(reference=settings.reference)
    pending = set(cells)
    voids: dict[PlannedCell, list[Void]] = {one: [] for one in cells}
    orders = interleaving.orders(cells, settings.window.seed, copies=limits.copies)
    for number, order in zip(range(1, limits.rounds + 1), orders, strict=False):
        started = time.monotonic()
        for planned in order:
            if planned in pending:
                on_start(planned.cell, number)
                trial = runner.measure(planned, number)
                costs.add(trial)
                if trial.void:
                    voids[planned].append(trial.void)
                if trial.findings or not are_exceptions(voids[planned], number):
                    pending.remove(planned)
                yield trial
        if limits.precision and number >= limits.min_rounds:
            pending = _imprecise(pending, costs, limits.precision)
        pending = _requested_groups(pending)
        now = time.monotonic()
        if not pending or now + (now - started) > end:
            return


def _imprecise(pending: set[PlannedCell], costs: Costs, precision: float) -> set[PlannedCell]:
    """Return the cells of groups whose ratios are not yet known to the wanted precision."""
    precise = {group for group in costs.groups() if costs.precision(group) <= precision}
    return {one for one in pending if one.cell.group not in precise}


def _requested_groups(pending: set[PlannedCell]) -> set[PlannedCell]:
    """Return the cells of groups in which a requested cell is still measured."""
    requested = {one.cell.group for one in pending if not one.added}
    return {one for one in pending if one.cell.group in requested}
