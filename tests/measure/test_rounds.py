"""The order of trials is random, balanced and repeatable; rounds end in time."""

import itertools
import math
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import pytest

from tests.made_up import VOID, failed, load, run
from upecho.measure import interleaving, rounds
from upecho.measure.plan.cell_plan import PlannedCell, every_cell
from upecho.measure.plan.cells import Reference
from upecho.measure.plan.scenarios import DEFAULT_SCENARIOS
from upecho.measure.plan.settings import Limits, RunSettings, Window
from upecho.measure.statistics.claims import Claims
from upecho.measure.trial_runner import TrialRunner
from upecho.measure.trials import Trial
from upecho.net.address import Family
from upecho.serving.target import Kind, Target

TARGETS = [Target(name, Kind.IMPLEMENTATION) for name in "abc"]
CELLS = every_cell(TARGETS, [Family.INET, Family.UNIX], DEFAULT_SCENARIOS)
GROUPS = len(DEFAULT_SCENARIOS) * 2


def orders(count: int, seed: int = 1) -> list[list[PlannedCell]]:
    return list(itertools.islice(interleaving.orders(CELLS, seed), count))


def test_round_has_every_cell_once() -> None:
    for order in orders(5):
        assert Counter(order) == Counter(CELLS)


def test_every_second_round_is_reversed() -> None:
    first, second, third, fourth = orders(4)
    assert second == first[::-1]
    assert fourth == third[::-1]
    assert third not in (first, second)


def test_cells_of_a_group_follow_each_other() -> None:
    for order in orders(6):
        groups = [key for key, _ in itertools.groupby(one.cell.group for one in order)]
        assert len(groups) == GROUPS


def test_seed_determines_the_order() -> None:
    assert orders(4) == orders(4)
    assert orders(1, seed=1) != orders(1, seed=2)


def test_every_cell_comes_first_at_times() -> None:
    firsts = {order[0] for order in orders(600)}
    assert firsts == set(CELLS)


def test_copied_cell_of_each_group_changes_every_two_rounds() -> None:
    copied = []
    for order in itertools.islice(interleaving.orders(CELLS, 1, copies=True), 6):
        counts = Counter(order)
        assert set(counts) == set(CELLS)
        copied.append({one for one, count in counts.items() if count == 2})
        assert len({one.cell.group for one in copied[-1]}) == len(copied[-1]) == GROUPS
    assert copied[0] == copied[1] != copied[2] == copied[3] != copied[4]
    assert copied[0] | copied[2] | copied[4] == set(CELLS)


BASELINE = Reference()
COST_US = {"a": 1000.0, "b": 2000.0, "c": 3000.0}


class FakeRunner:
    """Measures nothing; a trial takes one second of a clock that is not the real one."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        *,
        broken: PlannedCell | None = None,
        void: PlannedCell | None = None,
        noise: float = 0.0,
    ) -> None:
        self._broken, self._void = broken, void
        self._noise, self._source = noise, random.Random(1)
        self._now = 0.0
        monkeypatch.setattr(time, "monotonic", lambda: self._now)

    def measure(self, planned: PlannedCell, number: int) -> Trial:
        self._now += 1.0
        cell = planned.cell
        noise = self._source.gauss(0, self._noise) if cell.family is Family.INET else 0.0
        findings = failed("1 reset") if planned == self._broken else ()
        void = VOID if planned == self._void else None
        return Trial(cell, number, load(COST_US[cell.target] * math.exp(noise)), findings, void)


def measured(
    fake: FakeRunner, limits: Limits, cells: Sequence[PlannedCell] = CELLS, *, reference: Reference = BASELINE
) -> list[Trial]:
    started: list[tuple[str, int]] = []
    runner = cast("TrialRunner", fake)
    settings = RunSettings(Window(0.01, 0.02, 1, "python"), limits, reference=reference)
    trials = list(
        rounds.measure(runner, cells, settings, on_start=lambda cell, number: started.append((str(cell), number)))
    )
    assert started == [(str(trial.cell), trial.round) for trial in trials]
    return trials


def rounds_over(family: Family, trials: list[Trial]) -> int:
    return max(trial.round for trial in trials if trial.cell.family is family)


def test_rounds_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    trials = measured(FakeRunner(monkeypatch), Limits(3, math.inf))
    assert [trial.round for trial in trials] == [1] * 18 + [2] * 18 + [3] * 18


@pytest.mark.parametrize(("budget", "expected"), [(0, 1), (35, 1), (36, 2), (53, 2), (54, 3), (1000, 4)])
def test_no_round_starts_that_would_exceed_the_budget(
    budget: float, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert measured(FakeRunner(monkeypatch), Limits(4, budget))[-1].round == expected


def test_cell_that_failed_is_not_measured_again(monkeypatch: pytest.MonkeyPatch) -> None:
    trials = measured(FakeRunner(monkeypatch, broken=CELLS[4], void=CELLS[5]), Limits(3, math.inf))
    assert [trial.round for trial in trials if trial.findings] == [1]
    assert [trial.round for trial in trials if trial.void] == [1, 2]  # once may be the fault of a busy machine
    assert len(trials) == 3 * 18 - 2 - 1


@pytest.mark.parametrize(("added", "counts"), [((), [3, 1]), ((0,), [1, 1]), ((1,), [3, 1])])
def test_added_cell_is_measured_only_with_a_requested_one(
    added: tuple[int, ...], counts: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = [replace(one, added=number in added) for number, one in enumerate(CELLS[:2])]
    trials = measured(FakeRunner(monkeypatch, broken=cells[1]), Limits(3, math.inf), cells)
    assert [sum(trial.cell == one.cell for trial in trials) for one in cells] == counts


def test_group_ends_when_it_is_precise_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    trials = measured(FakeRunner(monkeypatch, noise=0.05), Limits(100, math.inf, min_rounds=5, precision=0.03))
    assert rounds_over(Family.UNIX, trials) == 5
    assert 6 <= rounds_over(Family.INET, trials) < 50
    precise = measured(FakeRunner(monkeypatch, noise=0.05), Limits(100, math.inf, min_rounds=5, precision=0.02))
    assert rounds_over(Family.INET, precise) > rounds_over(Family.INET, trials)


def least_precise(trials: Sequence[Trial], reference: Reference) -> float:
    """Return the largest figure that a report shows after ±."""
    claims = Claims(run({}, trials=tuple(trials), reference=reference))
    return max(claims.ratio(one.cell).precision for one in CELLS)


@pytest.mark.unmeasured
@pytest.mark.once
@pytest.mark.parametrize("noise", [0.02, 0.05, 0.1])
@pytest.mark.parametrize("precision", [0.01, 0.03])
@pytest.mark.parametrize("reference", [BASELINE, Reference("c")])
def test_run_that_stops_by_precision_reports_that_precision(
    noise: float, precision: float, reference: Reference, *, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The interval that reports show after ± is the one that ends the run."""
    limits = Limits(10_000, math.inf, min_rounds=5, precision=precision)
    trials = measured(FakeRunner(monkeypatch, noise=noise), limits, reference=reference)
    last = max(trial.round for trial in trials)
    assert last < limits.rounds
    assert least_precise(trials, reference) <= precision
    before = [one for one in trials if one.round < last]
    assert last == limits.min_rounds or least_precise(before, reference) > precision


def test_budget_ends_what_is_not_precise_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    trials = measured(FakeRunner(monkeypatch, noise=0.5), Limits(100, 100.0, min_rounds=2, precision=0.03))
    assert len(trials) <= 100
    assert rounds_over(Family.UNIX, trials) == 2


def test_precision_of_zero_never_ends_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    assert rounds_over(Family.UNIX, measured(FakeRunner(monkeypatch, noise=0.05), Limits(7, math.inf))) == 7
