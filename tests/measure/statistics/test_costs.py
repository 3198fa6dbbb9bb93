"""The costs of cells round by round, and which of them can be compared."""

import dataclasses
import math

import pytest

from tests.made_up import GROUP, VOID, cell, load, run, trial
from upecho.measure.plan.cells import BASELINE, Group, Reference
from upecho.measure.statistics.costs import Costs
from upecho.measure.statistics.plausibility import Void, VoidReason
from upecho.measure.statistics.quantities import CPU, P50
from upecho.measure.trials import Trial
from upecho.net.address import Family

pytestmark = pytest.mark.once


def test_costs_are_logarithms_by_round() -> None:
    costs = Costs(run({"a": [1.0, 2.0, 4.0]}).trials)
    assert costs.logs(cell("a")) == pytest.approx({1: math.log(1000), 2: math.log(2000), 3: math.log(4000)})
    assert costs.logs(cell("b")) == {}


def test_two_trials_of_a_round_are_averaged() -> None:
    costs = Costs(run({"a": [1.0, 2.0]}, copies={"a": [4.0]}).trials)
    assert costs.logs(cell("a")) == pytest.approx({1: math.log(2000), 2: math.log(2000)})


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(trial("a", 2, load(1.0), failure="1 mismatch"), id="failure"),
        pytest.param(trial("a", 2, load(1.0), void=Void(VoidReason.CPU_TIME_LOST, "lost")), id="void"),
        pytest.param(trial("a", 2, None), id="no-load"),
    ],
)
def test_invalid_trial_removes_the_costs_of_its_cell(wrong: Trial) -> None:
    good = run({"a": [1.0], "b": [1.0]}).trials
    later = trial("a", 3, load(1.0))
    assert list(Costs([*good, later]).logs(cell("a"))) == [1, 3]
    for trials in ([*good, wrong, later], [wrong, *good, later]):
        costs = Costs(trials)
        assert costs.logs(cell("a")) == {}
        assert costs.groups() == {GROUP: [cell("b")]}


def test_single_trial_that_contradicts_littles_law_is_left_out() -> None:
    void = trial("a", 2, load(9.0), void=VOID)
    others = [trial("a", 1, load(1.0)), trial("a", 3, load(1.0))]
    assert list(Costs([*others, void]).logs(cell("a"))) == [1, 3]
    assert Costs([*others, void, dataclasses.replace(void, round=4)]).logs(cell("a")) == {}


def test_trial_that_does_not_tell_adds_nothing() -> None:
    without = dataclasses.replace(load(1.0), server=None)
    trials = [trial("a", 1, without), trial("a", 2, load(3.0)), trial("b", 1, without)]
    costs = Costs(trials, quantity=CPU)
    assert costs.logs(cell("a")) == pytest.approx({2: math.log(3000)})
    assert costs.groups() == {GROUP: [cell("a")]}


def test_group_has_one_scenario_and_family() -> None:
    costs = Costs(run({"a": [1.0], "b": [1.0]}, families=("unix", "inet")).trials)
    inet = [cell("a", "inet"), cell("b", "inet")]
    assert costs.groups() == {GROUP: [cell("a"), cell("b")], Group("chat", Family.INET): inet}


def test_pairs_are_within_a_round() -> None:
    costs = Costs([*run({"a": [2.0, 6.0, 8.0]}).trials, trial("b", 2, load(3.0)), trial("b", 4, load(1.0))])
    assert costs.pairs(cell("a"), cell("b")) == pytest.approx([math.log(2)])
    assert costs.pairs(cell("b"), cell("a")) == pytest.approx([-math.log(2)])


def test_copies_are_within_a_cell_and_a_round() -> None:
    trials = run({"a": [1.0, 1.0], "b": [9.0]}, families=("unix", "inet"), copies={"a": [2.0, 0.5]}).trials
    assert sorted(Costs(trials).copies(GROUP)) == pytest.approx([-math.log(2), math.log(2)])
    assert Costs(run({"a": [1.0, 1.0]}).trials).copies(GROUP) == []


def test_reference_is_the_baseline_or_else_the_cheapest() -> None:
    assert Costs(run({"a": [1.0, 9.0, 1.0], "b": [2.0] * 3}).trials).reference(GROUP) == cell("a")
    assert Costs(run({"a": [1.0], BASELINE: [2.0]}).trials).reference(GROUP) == cell(BASELINE)


def test_cold_baseline_is_not_the_reference() -> None:
    cold = Trial(cell(BASELINE, cold=True), 1, load(2.0))
    assert Costs([*run({"a": [1.0]}).trials, cold]).reference(GROUP) == cell("a")


def test_chosen_reference_comes_before_the_baseline_where_it_has_costs() -> None:
    trials = run({"a": [1.0], "b": [2.0], BASELINE: [0.5]}).trials
    assert Costs(trials, Reference("b")).reference(GROUP) == cell("b")
    assert Costs(trials, Reference("c")).reference(GROUP) == cell(BASELINE)
    without = [one for one in trials if one.cell.target != BASELINE]
    assert Costs(without, Reference("c")).reference(GROUP) == cell("a")


def test_reference_is_warm_and_on_its_own_python() -> None:
    cells = [cell("b", cold=True), cell("b", python="3.13.0"), cell("b", python="3.14.0"), cell(BASELINE)]
    trials = [Trial(one, 1, load(1.0)) for one in cells]
    assert Costs(trials, Reference("b", "3.14.0")).reference(GROUP) == cells[2]
    assert Costs(trials, Reference("b")).reference(GROUP) == cells[3]


def test_precision_of_a_group_is_that_of_its_least_precise_ratio() -> None:
    steady = {"a": [1.0] * 4, "b": [2.0, 2.02, 2.0, 2.02]}
    assert Costs(run(steady).trials).precision(GROUP) == pytest.approx(0.00915, abs=1e-4)  # 3.182 * 0.00575 / 2
    vague = steady | {"c": [3.0, 3.3, 3.0, 3.3]}
    assert Costs(run(vague).trials).precision(GROUP) == pytest.approx(0.0875, abs=1e-3)  # 3.182 * 0.055 / 2


def test_precision_of_a_single_cell_is_that_of_its_cost() -> None:
    assert Costs(run({"a": [1.0, 1.01, 1.0, 1.01]}).trials).precision(GROUP) == pytest.approx(0.0092, abs=1e-4)


def test_precision_is_infinite_after_one_round() -> None:
    assert Costs(run({"a": [1.0], "b": [2.0]}).trials).precision(GROUP) == math.inf
    assert Costs(run({"a": [1.0, 1e300], "b": [1e300, 1.0]}).trials).precision(GROUP) == math.inf


def test_costs_of_another_basis_are_not_compared() -> None:
    elapsed = dataclasses.replace(load(1.0), server=None)
    unobserved, shared = trial("a", 1, elapsed), trial("b", 1, load(1.0), shares_core=True)
    assert Costs([unobserved, trial("c", 1, elapsed)]).groups() == {GROUP: [cell("a"), cell("c")]}
    assert Costs([unobserved, shared]).groups() == {GROUP: [cell("b")]}
    for trials in ([unobserved, shared, trial("c", 1, load(2.0))], [trial("c", 1, load(2.0)), shared, unobserved]):
        costs = Costs(trials)
        assert costs.groups() == {GROUP: [cell("c")]}
        assert costs.logs(cell("a")) == costs.logs(cell("b")) == {}
        assert costs.pairs(cell("b"), cell("c")) == []
    assert len(Costs([unobserved, shared], quantity=P50).groups()[GROUP]) == 2
