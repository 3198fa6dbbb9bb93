"""Which servers are known to exceed a limit, in one run or compared with an earlier one."""

import dataclasses
from collections.abc import Mapping, Sequence

import pytest

from tests.made_up import cell, run
from upecho.load.latency import Latency
from upecho.load.plan import LoadResult
from upecho.measure.plan.ab_test import Limit
from upecho.measure.plan.cells import BASELINE, Reference
from upecho.measure.results import Results
from upecho.measure.statistics.changes import Changes
from upecho.measure.statistics.excesses import Judged, above_base, above_reference

pytestmark = pytest.mark.once

STEADY = [1.0, 1.01, 0.99, 1.0, 1.01, 0.99]
CPU_5, P99_20, MEMORY_10 = Limit("cpu", 0.05), Limit("p99", 0.2), Limit("memory", 0.1)


def times(factor: float, costs: Sequence[float] = STEADY) -> list[float]:
    return [factor * cost for cost in costs]


def with_p99(results: Results, factors: Mapping[str, float]) -> Results:
    """Return a run in which the p99 latency of some targets is a multiple of that of the others."""

    def changed(load: LoadResult | None, factor: float) -> LoadResult | None:
        latency = Latency.of([round(factor * 100_000)] * 100)
        return load and dataclasses.replace(load, latency=latency)

    trials = [
        dataclasses.replace(one, load=changed(one.load, factors.get(one.cell.target, 1.0) + one.round / 1000))
        for one in results.trials
    ]
    return dataclasses.replace(results, trials=tuple(trials))


def relative(costs: Mapping[str, Sequence[float]], **parts: object) -> Results:
    return run(costs, reference=Reference("a"), **parts)  # type: ignore[arg-type]


@pytest.mark.parametrize(("factor", "expected"), [(1.02, []), (1.051, []), (1.1, ["b"]), (0.5, [])])
def test_server_exceeds_the_reference_if_the_whole_interval_is_above(factor: float, expected: list[str]) -> None:
    noisy = [1.0, 1.02, 0.98, 1.01, 0.99, 1.0]
    found = above_reference(relative({"a": STEADY, "b": times(factor, noisy), BASELINE: times(9)}), [CPU_5]).excesses
    assert [one.cell.target for one in found] == expected


def test_each_limit_has_its_own_quantity() -> None:
    results = with_p99(relative({"a": STEADY, "b": times(2), "c": STEADY}), {"c": 1.5})
    found = above_reference(results, [CPU_5, P99_20, MEMORY_10]).excesses
    assert [(one.cell.target, one.limit) for one in found] == [("b", CPU_5), ("c", P99_20)]


def test_difference_below_that_of_a_server_from_itself_is_no_excess() -> None:
    results = relative({"a": STEADY, "b": times(1.1)}, copies={"a": times(1.2)})
    assert above_reference(results, [CPU_5]).excesses == []


@pytest.mark.parametrize("parts", [{"disturbed": 6}, {"reference": Reference("nobody")}])
def test_nothing_is_known_on_a_busy_machine_or_without_the_reference(parts: dict[str, object]) -> None:
    results = run({"a": STEADY, "b": times(2)}, **{"reference": Reference("a")} | parts)  # type: ignore[arg-type]
    assert above_reference(results, [CPU_5]) == Judged([], set())


def test_few_rounds_show_nothing() -> None:
    assert above_reference(relative({"a": STEADY[:3], "b": times(2)[:3]}), [CPU_5]) == Judged([], set())


@pytest.mark.parametrize("baseline", [{}, {BASELINE: STEADY}])
def test_server_exceeds_itself_in_an_earlier_run(baseline: dict[str, list[float]]) -> None:
    before = run({"a": STEADY, "b": STEADY} | baseline)
    after = with_p99(run({"a": STEADY, "b": STEADY} | baseline), {"b": 1.5})
    before = with_p99(before, {})
    assert [one.cell for one in above_base(Changes(before, after), [P99_20]).excesses] == [cell("b")]
    assert above_base(Changes(before, after), [Limit("p99", 0.6)]).excesses == []
    assert above_base(Changes(before, before), [P99_20]).excesses == []
    assert above_base(Changes(before, after), [MEMORY_10]) == Judged([], set())  # the made-up servers have no memory
    assert above_base(Changes(before, before), [P99_20, MEMORY_10]).compared == {P99_20}


@pytest.mark.parametrize(("factor", "expected"), [(1.02, []), (1.051, []), (1.1, ["b"]), (0.5, [])])
@pytest.mark.parametrize("baseline", [{}, {BASELINE: STEADY}])
def test_cost_exceeds_that_of_an_earlier_run_if_the_whole_interval_is_above(
    factor: float, expected: list[str], baseline: dict[str, list[float]]
) -> None:
    noisy = [1.0, 1.02, 0.98, 1.01, 0.99, 1.0]
    changes = Changes(
        run({"a": STEADY, "b": noisy} | baseline), run({"a": STEADY, "b": times(factor, noisy)} | baseline)
    )
    assert [one.cell.target for one in above_base(changes, [CPU_5]).excesses] == expected


def test_few_rounds_show_no_excess_over_an_earlier_run() -> None:
    assert above_base(Changes(run({"a": STEADY}), run({"a": times(2)[:3]})), [CPU_5]).excesses == []


def test_slowdown_of_the_machine_is_no_excess() -> None:
    before = with_p99(run({"a": STEADY, BASELINE: STEADY}), {})
    slower = with_p99(run({"a": STEADY, BASELINE: STEADY}), {"a": 1.5, BASELINE: 1.5})
    assert above_base(Changes(before, slower), [P99_20]).excesses == []
