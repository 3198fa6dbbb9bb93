"""The numbers of a cell come from its trials, and a cell in which anything went wrong has none."""

import dataclasses

import pytest

from upecho.load.latency import Latency
from upecho.load.plan import LoadResult, ServerUse
from upecho.measure.cells import SCENARIOS
from upecho.measure.cores import Cores
from upecho.measure.environment import Environment
from upecho.measure.results import Results, Wanted
from upecho.measure.rounds import Limits
from upecho.measure.statistics.summary import Numbers, Row, Spread, family_ratios, summarise
from upecho.measure.trials import Trial, Window

ENVIRONMENT = Environment.here(Cores(), [])


def load(cpu_us: float, rate: float = 1000.0, *, saturated: bool = False) -> LoadResult:
    server = ServerUse(round(cpu_us * 1000 * 100), 0, 0, 0, 0, 0, 1)
    latency = Latency.of(range(1000, 101_000, 1000))
    return LoadResult("python", 100, 6400, round(100 / rate * 1e9), 1, server, saturated, latency, {})


def trial(target: str, load: LoadResult | None, failure: str = "", family: str = "inet") -> Trial:
    return Trial(target, family, "latency", 1, load, failure)


def summarised(trials: list[Trial], *wanted: Wanted) -> list[Row]:
    window, limits = Window(0.1, 1.0, 0), Limits(1, 1.0)
    return summarise(Results(ENVIRONMENT, window, limits, True, SCENARIOS, wanted, tuple(trials)))


def only(trials: list[Trial], **more: object) -> Row:
    (row,) = summarised(trials, dataclasses.replace(Wanted("a", "inet", "latency"), **more))  # type: ignore[arg-type]
    return row


def test_the_median_over_blocks_and_their_range() -> None:
    assert Spread.of([3.0, 1.0, 10.0]) == Spread(3.0, 1.0, 10.0)
    assert Spread.of([1.0, 2.0]).median == 1.5
    assert Spread.of([9.0, 10.0, 12.0]).relative == pytest.approx(0.3)


def test_numbers_are_per_request_and_per_second() -> None:
    numbers = Numbers.of([load(5, rate=1000), load(7, rate=3000), load(6, rate=2000)])
    assert numbers.trials == 3
    assert numbers.cpu_ns == Spread(6000, 5000, 7000)
    assert numbers.rate.median == pytest.approx(2000)
    assert (numbers.p50_ns.median, numbers.p99_ns.median) == pytest.approx((50_000, 99_000), rel=0.001)
    assert not numbers.saturated


def test_the_rate_is_a_bound_if_half_of_the_blocks_are_saturated() -> None:
    assert Numbers.of([load(5), load(5, saturated=True)]).saturated
    assert not Numbers.of([load(5), load(5, saturated=True), load(5)]).saturated


def test_without_cpu_times_all_time_is_the_cost() -> None:
    row = only([trial("a", dataclasses.replace(load(5, rate=2000), server=None))])
    assert row.numbers
    assert row.numbers.cpu_ns is None
    assert row.cost == pytest.approx(500_000)


def test_only_blocks_of_the_cell_itself_count() -> None:
    row = only([trial("a", load(5)), trial("b", load(50)), trial("a", load(50), family="unix")])
    assert row.cost == 5000


def test_a_failure_in_one_block_voids_the_cell() -> None:
    row = only([trial("a", load(5)), trial("a", load(1), "2 mismatch")])
    assert (row.numbers, row.reason, row.failed) == (None, "failed: 2 mismatch", True)


def test_why_there_is_no_number() -> None:
    assert only([], unsupported="serves 1 at once").reason == "unsupported: serves 1 at once"
    assert not only([], unsupported="serves 1 at once").failed
    assert only([], failed_checks=("x",)).reason == "fails 1 check"
    assert only([], failed_checks=("x", "y")).failed
    assert only([]).reason == "not measured"


def test_families_are_compared_over_the_same_targets() -> None:
    costs = {"inet": {"a": 10, "b": 20, "c": 40}, "unix": {"a": 5, "b": 16, "c": 36, "only-here": 1}}
    trials = [trial(target, load(cpu), "", family) for family, row in costs.items() for target, cpu in row.items()]
    wanted = [Wanted(one.target, one.family, "latency") for one in trials]
    (ratio,) = family_ratios(summarised(trials, *wanted))
    assert (ratio.base, ratio.family, ratio.targets) == ("inet", "unix", 3)
    assert ratio.ratio == pytest.approx(0.8)


def test_one_family_is_compared_with_nothing() -> None:
    assert family_ratios([only([trial("a", load(5))])]) == []
    assert family_ratios([only([])]) == []
