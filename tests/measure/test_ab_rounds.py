"""An A/B test ends when its questions are decided, or when a limit is reached."""

import math
import time
from collections.abc import Callable, Sequence
from typing import Any, cast
from unittest.mock import Mock

import pytest

from tests.made_up import cell, failed, load
from upecho.measure import ab_rounds
from upecho.measure.count_runner import CountRunner
from upecho.measure.plan.ab_test import ABTest, Limit, Pair
from upecho.measure.plan.cell_plan import PlannedCell
from upecho.measure.plan.cells import Cell
from upecho.measure.plan.scenarios import Scenario
from upecho.measure.plan.settings import Limits, RunSettings, Window
from upecho.measure.trial_runner import TrialRunner
from upecho.measure.trials import Trial
from upecho.serving.target import Kind, Target

pytestmark = pytest.mark.once

CHAT = Scenario("chat", 64, 1024)
PAIRS = (Pair(cell("a"), cell("b")), Pair(cell("a"), cell("c")))
SECONDS_PER_ROUND = 10.0
Cost = Callable[[str, int], float]


def planned(one: Cell) -> PlannedCell:
    return PlannedCell(one, Target(one.target, Kind.IMPLEMENTATION), CHAT)


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Trial]]:
    """Measure made-up costs, each pair in ten seconds of a clock that is not the real one."""
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)

    def measured(
        cost: Cost, *, pairs: Sequence[Pair] = PAIRS[:1], rounds: int = 110, budget: float = math.inf, **asked: Any
    ) -> list[Trial]:
        def pair(runner: object, sides: Sequence[PlannedCell], number: int, **_: object) -> list[Trial]:
            nonlocal now
            now += SECONDS_PER_ROUND
            costs = {one.cell: cost(one.cell.target, number) for one in sides}
            broken = [Trial(one, number, None, failed("1 reset")) for one, us in costs.items() if not us]
            return broken or [Trial(one, number, load(us)) for one, us in costs.items()]

        monkeypatch.setattr(ab_rounds, "measure_pair", pair)
        test = ABTest(tuple(pairs), "cpu", **({"margin": 0.01} | asked))
        settings = RunSettings(Window(0.1, 0.1, 0, "native"), Limits(rounds, budget), ab_test=test)
        cells = [planned(one) for one in dict.fromkeys(one for pair in pairs for one in (pair.base, pair.new))]
        starts: list[tuple[Cell, int]] = []
        runner = cast("TrialRunner", None)
        trials = list(
            ab_rounds.measure(runner, cells, settings, on_start=lambda one, number: starts.append((one, number)))
        )
        assert len(starts) == len(
            {(one.round, one.cell) for one in trials if one.cell.target != "a" or not one.is_valid}
        )
        return trials

    return measured


def wavy(factors: dict[str, float]) -> Cost:
    """Return costs that vary by a hundredth from round to round."""
    return lambda target, number: 10 * factors.get(target, 1.0) * (1.01 if (number + len(target)) % 3 else 1.0)


def noisy(target: str, number: int) -> float:
    return 10 * (1.3 if (target == "b") == bool(number % 2) else 1.0)


def test_decided_question_ends_the_run_at_the_first_look(measured: Callable[..., list[Trial]]) -> None:
    assert measured(wavy({"b": 1.2}))[-1].round == 4
    assert measured(wavy({}))[-1].round == 4


def test_undecided_question_takes_all_rounds(measured: Callable[..., list[Trial]]) -> None:
    assert measured(noisy, rounds=20)[-1].round == 20


@pytest.mark.parametrize(("budget", "expected"), [(0, 2), (39, 2), (40, 4), (59, 4), (61, 6)])
def test_time_ends_the_run_after_both_orders(
    budget: float, expected: int, measured: Callable[..., list[Trial]]
) -> None:
    assert measured(noisy, budget=budget)[-1].round == expected


def test_decided_pair_is_not_measured_any_more(measured: Callable[..., list[Trial]]) -> None:
    def cost(target: str, number: int) -> float:
        return noisy("b", number) if target == "c" else wavy({"b": 2.0})(target, number)

    trials = measured(cost, pairs=PAIRS, rounds=10)
    assert max(one.round for one in trials if one.cell == cell("b")) == 4
    assert max(one.round for one in trials if one.cell == cell("c")) == 10


def test_pair_with_a_failed_trial_is_not_measured_any_more(measured: Callable[..., list[Trial]]) -> None:
    trials = measured(lambda target, number: 0.0 if target == "b" else 10.0, rounds=10)
    assert [(one.cell.target, one.round, one.is_valid) for one in trials] == [("b", 1, False)]


def test_limits_decide_instead(measured: Callable[..., list[Trial]]) -> None:
    def cost(target: str, number: int) -> float:
        return 10 * (1.1 if target == "b" else 1.0) * (1.0 + 0.02 * (number % 2 if target == "b" else 0))

    assert measured(cost)[-1].round == 4
    assert measured(cost, limits=(Limit("cpu", 0.11),), rounds=10)[-1].round == 10
    assert measured(cost, limits=(Limit("cpu", 0.5),), rounds=10)[-1].round == 4


def test_count_needs_no_alternation(monkeypatch: pytest.MonkeyPatch) -> None:
    runner = Mock(spec=CountRunner)
    runner.measure.side_effect = lambda one, number: Trial(
        one.cell, number, load(10.0 if one.cell == PAIRS[0].base else 11.0)
    )
    settings = RunSettings(
        Window(0.1, 0.1, 0, "native"), Limits(10, math.inf), ab_test=ABTest(PAIRS[:1], "cpu", margin=0.01)
    )
    trials = list(
        ab_rounds.measure(runner, [planned(PAIRS[0].base), planned(PAIRS[0].new)], settings, on_start=lambda *_: None)
    )
    assert [(one.cell.target, one.round) for one in trials] == [
        (name, number) for number in (1, 2, 3, 4) for name in "ab"
    ]
