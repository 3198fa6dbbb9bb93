"""A server that is better than the baseline is found, unless chance or a copy of the same server explains it."""

import dataclasses
from collections.abc import Mapping, Sequence

import pytest

from tests.made_up import CHAT, cell, load, run
from upecho.load.latency import Latency
from upecho.measure.plan.cells import BASELINE
from upecho.measure.plan.scenarios import Scenario, curve
from upecho.measure.results import Results
from upecho.measure.statistics.leads import Figure, leads
from upecho.measure.trials import Trial

pytestmark = pytest.mark.once

LONELY = Scenario("chat", 1, 64)
STEADY = [10.0, 10.1, 9.9, 10.0, 10.05, 9.95]


def with_p50(results: Results, p50_us: Mapping[str, Sequence[float]]) -> Results:
    """Return results in which requests took a time of their own, whatever they cost."""

    def changed(trial: Trial) -> Trial:
        assert trial.load
        latency = Latency.of([round(p50_us[trial.cell.target][trial.round - 1] * 1000)] * 9)
        return dataclasses.replace(trial, load=dataclasses.replace(trial.load, latency=latency))

    return dataclasses.replace(results, trials=tuple(map(changed, results.trials)))


def half_as_long(**parts: object) -> Results:
    """Return a run in which a server costs twice as much as the baseline, and answers in half of the time."""
    costs = {BASELINE: STEADY, "fast": [2 * cost for cost in STEADY], "slow": [3 * cost for cost in STEADY]}
    p50_us = {BASELINE: STEADY, "fast": [cost / 2 for cost in STEADY], "slow": STEADY[::-1]}
    return dataclasses.replace(with_p50(run(costs), p50_us), **{"scenarios": (LONELY,), **parts})  # type: ignore[arg-type]


def test_server_with_a_lower_p50_is_found() -> None:
    (lead,) = leads(half_as_long())
    assert (lead.cell, lead.figure) == (cell("fast"), Figure.P50)
    assert lead.ratio.ratio == pytest.approx(0.5, rel=0.01)


def test_latency_counts_only_with_one_connection_and_curves_not_at_all() -> None:
    assert leads(half_as_long(scenarios=(CHAT,))) == []
    point = dataclasses.replace(curve("chat", 1, message_size=64, shares=(10,))[0], name="chat")
    assert leads(half_as_long(scenarios=(point,))) == []


def test_server_with_a_lower_cost_is_found_in_each_table_and_the_best_comes_first() -> None:
    costs = {BASELINE: STEADY, "cheap": [0.9 * cost for cost in STEADY], "cheapest": [0.8 * cost for cost in STEADY]}
    found = leads(run(costs, families=("inet", "unix")))
    assert [one.cell.target for one in found] == ["cheapest", "cheapest", "cheap", "cheap"]
    assert {one.cell.family.value for one in found} == {"inet", "unix"}
    assert {one.figure for one in found} == {Figure.COST}


@pytest.mark.parametrize("rounds", [3, 6])
def test_few_rounds_show_nothing(rounds: int) -> None:
    costs = {BASELINE: STEADY[:rounds], "cheap": [0.5 * cost for cost in STEADY[:rounds]]}
    assert len(leads(run(costs))) == (0 if rounds == 3 else 1)


def test_what_chance_or_a_copy_explains_is_not_found() -> None:
    cheap = [0.95 * cost for cost in STEADY]
    costs = {BASELINE: STEADY, "cheap": cheap}
    assert leads(run({BASELINE: STEADY, "cheap": [5.0, 12.0, 8.0, 13.0, 6.0, 12.0]})) == []
    assert leads(run(costs, copies={"cheap": [0.9 * cost for cost in cheap]})) == []
    assert leads(run(costs, disturbed=3)) == []
    assert leads(run(costs))


def test_only_other_servers_can_be_better() -> None:
    assert leads(run({"a": STEADY, "cheap": [0.5 * cost for cost in STEADY]})) == []
    results = run({BASELINE: STEADY})
    other = [Trial(cell(BASELINE, python="3.14.0"), number, load(0.5 * cost)) for number, cost in enumerate(STEADY, 1)]
    assert leads(dataclasses.replace(results, trials=(*results.trials, *other))) == []
