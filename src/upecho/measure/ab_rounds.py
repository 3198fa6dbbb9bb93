"""Rounds of an A/B test, until every question is decided or a limit is reached."""

import random
import time
from collections.abc import Callable, Iterator, Sequence

from upecho.measure.count_runner import CountRunner, Runner
from upecho.measure.plan.ab_test import Pair
from upecho.measure.plan.cell_plan import PlannedCell
from upecho.measure.plan.cells import Cell
from upecho.measure.plan.settings import RunSettings
from upecho.measure.side_by_side import measure_pair
from upecho.measure.statistics.plausibility import Void, are_exceptions
from upecho.measure.statistics.sequential import Verdicts, looks
from upecho.measure.trials import Trial

STEP = 2  # rounds: each side comes first in one of them, so the test ends after both


def measure(
    runner: Runner,
    cells: Sequence[PlannedCell],
    settings: RunSettings,
    *,
    on_start: Callable[[Cell, int], None],
) -> Iterator[Trial]:
    """Measure the pairs of an A/B test; a pair that has failed once, or is void too often, is not measured again.

    Args:
        runner: Starts and loads the servers.
        cells: Cells that can be measured; a pair is measured if both of its cells are among them.
        settings: What is asked, and when to stop. The time is considered after every second round.
        on_start: Called before each round of a pair with its new cell and the number of the round.
    """
    test, limits = settings.ab_test, settings.limits
    assert test
    planned = {one.cell: one for one in cells}
    pending = [pair for pair in test.pairs if {pair.base, pair.new} <= planned.keys()]
    voids: dict[Pair, list[Void]] = {pair: [] for pair in pending}
    source, trials = random.Random(settings.window.seed), []
    end, times_of_looks = time.monotonic() + limits.budget_seconds, looks(limits.rounds)
    started = time.monotonic()
    for number in range(1, limits.rounds + 1):
        for pair in source.sample(pending, len(pending)):
            on_start(pair.new, number)
            found = _round(runner, (planned[pair.base], planned[pair.new]), number, settings)
            trials += found
            yield from found
            voids[pair] += [trial.void for trial in found if trial.void]
            if any(trial.findings for trial in found) or not are_exceptions(voids[pair], number):
                pending.remove(pair)
        if number in times_of_looks:
            verdicts = Verdicts(test, trials)
            pending = [pair for pair in pending if not verdicts.is_decided(pair)]
        now = time.monotonic()
        if not pending or (number % STEP == 0 and now + (now - started) * STEP / number > end):
            return


def _round(runner: Runner, sides: Sequence[PlannedCell], number: int, settings: RunSettings) -> list[Trial]:
    """Measure both sides once; a count is exact, so nothing has to alternate."""
    assert settings.ab_test
    if isinstance(runner, CountRunner):
        found = [runner.measure(one, number) for one in sides]
        return [trial for trial in found if not trial.is_valid] or found
    return measure_pair(runner, sides, number, window=settings.window, windows=settings.ab_test.windows)
