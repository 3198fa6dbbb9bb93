"""The figures of a cell are summarised over its trials; a cell with an invalid trial has none."""

import dataclasses
from typing import Any

import pytest

from tests.made_up import MACHINE, failed, requested
from upecho.load.latency import Latency
from upecho.load.plan import LoadResult, ServerUse
from upecho.measure.plan.cells import Cell
from upecho.measure.plan.scenarios import SCENARIOS
from upecho.measure.plan.settings import Limits, Window
from upecho.measure.results import RequestedCell, Results
from upecho.measure.statistics.plausibility import Void, VoidReason
from upecho.measure.statistics.summary import Figures, Row, Spread, Status, Summary, family_ratios
from upecho.measure.trials import Trial
from upecho.net.address import Family

pytestmark = pytest.mark.once


def load(cpu_us: float, rate: float = 1000.0, *, saturated: bool = False) -> LoadResult:
    server = ServerUse(round(cpu_us * 1000 * 100), 0, 0, 0, 0, 0, 1)
    latency = Latency.of(range(1000, 101_000, 1000))
    return LoadResult("python", 100, 6400, round(100 / rate * 1e9), 1, server, saturated, latency, {})


def trial(target: str, load: LoadResult | None, failure: str = "", family: str = "inet", **more: Any) -> Trial:
    return Trial(Cell(target, Family(family), "latency"), 1, load, failed(failure) if failure else (), **more)


def rows(trials: list[Trial], *requests: RequestedCell) -> tuple[Row, ...]:
    window, limits = Window(0.1, 1.0, 0, "python"), Limits(1, 1.0)
    return Summary.of(Results(MACHINE, window, limits, True, SCENARIOS, requests, tuple(trials))).rows


def only(trials: list[Trial], **more: Any) -> Row:
    (row,) = rows(trials, requested("a", "inet", "latency", **more))
    return row


def test_spread_is_median_and_range_over_trials() -> None:
    assert Spread.of([3.0, 1.0, 10.0]) == Spread(3.0, 1.0, 10.0)
    assert Spread.of([1.0, 2.0]).median == 1.5


def test_figures_are_per_request_and_per_second() -> None:
    figures = Figures.of([load(5, rate=1000), load(7, rate=3000), load(6, rate=2000)])
    assert figures.trials == 3
    assert figures.cpu_ns == Spread(6000, 5000, 7000)
    assert figures.rate.median == pytest.approx(2000)
    assert (figures.p50_ns.median, figures.p99_ns.median) == pytest.approx((50_000, 99_000), rel=0.001)
    assert not figures.saturated


def test_every_quantity_that_a_trial_tells_has_a_spread() -> None:
    (row,) = rows([trial("a", load(cost)) for cost in (5, 9, 6)], requested("a", "inet", "latency"))
    assert row.figures
    assert row.figures.spreads["cpu"] == Spread(6000, 5000, 9000)
    assert row.figures.spreads["p99"].median == pytest.approx(99_000, rel=0.001)
    assert "switches" not in row.figures.spreads


def test_user_time_is_the_mean_because_ticks_are_few() -> None:
    trials = []
    for user_ns in (0, 0, 30):
        usual = load(6)
        assert usual.server
        server = dataclasses.replace(usual.server, user_ns=user_ns, system_ns=30 - user_ns)
        trials.append(trial("a", dataclasses.replace(usual, server=server)))
    figures = only(trials).figures
    assert figures
    found = figures.spreads["user"]
    assert (found.median, found.low, found.high) == pytest.approx((2000, 0, 6000))


def test_rate_is_a_lower_bound_if_half_of_the_trials_are_saturated() -> None:
    assert Figures.of([load(5), load(5, saturated=True)]).saturated
    assert not Figures.of([load(5), load(5, saturated=True), load(5)]).saturated


def test_elapsed_time_is_the_cost_without_cpu_time() -> None:
    row = only([trial("a", dataclasses.replace(load(5, rate=2000), server=None))])
    assert row.figures
    assert row.figures.cpu_ns is None
    assert row.cost == pytest.approx(500_000)


def test_trials_of_other_cells_do_not_count() -> None:
    row = only([trial("a", load(5)), trial("b", load(50)), trial("a", load(50), family="unix")])
    assert row.cost == 5000


def test_failure_in_one_trial_takes_the_figures_of_the_cell() -> None:
    row = only([trial("a", load(5)), trial("a", load(1), "2 mismatch")])
    assert (row.figures, row.reason, row.status) == (None, "failed: 2 mismatch", Status.FAILED)
    assert row.target_failed


@pytest.mark.parametrize(("voids", "rounds", "has_figures"), [(1, 1, False), (1, 2, True), (2, 4, False), (2, 8, True)])
def test_few_trials_that_contradict_littles_law_are_left_out(voids: int, rounds: int, *, has_figures: bool) -> None:
    void = Void(VoidReason.LITTLES_LAW, "64 requests in flight, but by Little's law 50.1")
    trials = [trial("a", load(9), void=void)] * voids + [trial("a", load(5))] * (rounds - voids)
    row = only(trials)
    assert (row.figures is not None) == has_figures
    if row.figures:
        assert row.figures.cpu_ns
        assert row.figures.cpu_ns.median == 5000
    else:
        assert row.void == void


def test_void_trial_takes_the_figures_of_the_cell_but_is_no_failure() -> None:
    void = Void(VoidReason.NO_PORT, "no local port left")
    row = only([trial("a", load(5)), trial("a", load(1), void=void)])
    assert (row.figures, row.reason, row.void) == (None, "void: no local port left", void)
    assert not row.target_failed


@pytest.mark.parametrize(
    ("request_fields", "status", "reason"),
    [
        ({"unsupported": "serves at most 1 client"}, Status.UNSUPPORTED, "unsupported: serves at most 1 client"),
        ({"failed_checks": ("x",)}, Status.FAILS_CHECKS, "fails 1 check"),
        ({"failed_checks": ("x", "y")}, Status.FAILS_CHECKS, "fails 2 checks"),
        ({"unusable": "import failed: x"}, Status.UNUSABLE, "unusable: import failed: x"),
        ({}, Status.NOT_MEASURED, "not measured"),
    ],
)
def test_cell_without_trials_has_a_reason(request_fields: dict[str, Any], status: Status, reason: str) -> None:
    row = only([], **request_fields)
    assert (row.figures, row.status, row.reason) == (None, status, reason)
    assert row.target_failed == (status in (Status.FAILS_CHECKS, Status.UNUSABLE))


def test_families_are_compared_over_the_same_targets() -> None:
    costs = {"inet": {"a": 10, "b": 20, "c": 40}, "unix": {"a": 5, "b": 16, "c": 36, "only-here": 1}}
    trials = [trial(target, load(cpu), "", family) for family, row in costs.items() for target, cpu in row.items()]
    (ratio,) = family_ratios(rows(trials, *(RequestedCell(one.cell) for one in trials)))
    assert (ratio.base, ratio.family, ratio.targets) == (Family.INET, Family.UNIX, 3)
    assert ratio.ratio == pytest.approx(0.8)


def test_single_family_is_compared_with_nothing() -> None:
    assert list(family_ratios([only([trial("a", load(5))])])) == []
    assert list(family_ratios([only([])])) == []
