"""Load results that cannot be true make a trial void."""

import dataclasses

import pytest

from tests.made_up import load
from upecho.load.latency import Latency
from upecho.load.plan import Failure, LoadResult, ServerUse
from upecho.measure.plan.scenarios import Scenario
from upecho.measure.statistics.plausibility import VoidReason, why_void

pytestmark = pytest.mark.once

CHAT = Scenario("chat", 10, 64)
REQUESTS = 10_000


def result(mean_us: float, requests: int = REQUESTS, elapsed: float = 1.0) -> LoadResult:
    """Return a load with a number of requests, their mean latency and the elapsed time in seconds."""
    latency = Latency.of([round(mean_us * 1000)])
    return dataclasses.replace(load(1.0), requests=requests, elapsed_ns=round(elapsed * 1e9), latency=latency)


def detail(scenario: Scenario, load: LoadResult, seconds: float = 1.0) -> str:
    """Return why a load contradicts Little's law; empty if it does not."""
    void = why_void(scenario, load, seconds=seconds)
    assert void is None or void.reason is VoidReason.LITTLES_LAW
    return void.detail if void else ""


def test_closed_loop_that_agrees_with_littles_law_is_valid() -> None:
    assert detail(CHAT, result(1000.0)) == ""


@pytest.mark.parametrize("mean_us", [900.0, 1009.0])
def test_tolerance_and_rounding_are_allowed_for(mean_us: float) -> None:
    assert detail(CHAT, result(mean_us)) == ""


@pytest.mark.parametrize(("mean_us", "seen"), [(890.0, "8.9"), (1020.0, "10.2"), (100.0, "1.0"), (2000.0, "20.0")])
def test_fewer_or_more_in_flight_than_the_load_keeps_is_void(mean_us: float, seen: str) -> None:
    assert detail(CHAT, result(mean_us)) == f"10 requests in flight, but by Little's law {seen}"


def test_pipelined_requests_are_all_in_flight() -> None:
    pipelined = dataclasses.replace(CHAT, depth=4)
    assert detail(pipelined, result(4000.0)) == ""
    assert detail(pipelined, result(1000.0)).startswith("40 requests in flight")


def test_late_last_reply_leaves_the_other_connections_unused() -> None:
    """Nine of ten connections are unused for half of the time, because the last reply arrives so late."""
    assert detail(CHAT, result(1100.0, elapsed=2.0), 1.0) == ""
    assert detail(CHAT, result(1100.0, elapsed=2.0), 2.0).endswith("5.5")


def test_first_requests_may_be_sent_one_latency_after_the_clock_starts() -> None:
    assert detail(CHAT, result(76_000.0, requests=100), 0.92) == ""
    assert detail(CHAT, result(74_000.0, requests=100), 0.92) != ""


def test_schedule_has_no_fixed_number_in_flight() -> None:
    assert detail(dataclasses.replace(CHAT, share=0.5), result(1.0)) == ""


@pytest.mark.parametrize("scenario", [CHAT, dataclasses.replace(CHAT, share=0.5)], ids=["closed", "schedule"])
def test_load_without_requests_makes_a_trial_void(scenario: Scenario) -> None:
    void = why_void(scenario, result(0.0, requests=0), seconds=1.0)
    assert void
    assert void.reason is VoidReason.NO_REQUEST


def test_load_whose_requests_all_failed_is_not_void() -> None:
    assert not why_void(CHAT, dataclasses.replace(result(0.0, requests=0), errors={Failure.RESET: 8}), seconds=1.0)


def test_machine_without_ports_makes_a_trial_void() -> None:
    void = why_void(CHAT, dataclasses.replace(result(1000.0), errors={Failure.NO_PORT: 3}), seconds=1.0)
    assert void
    assert void.reason is VoidReason.NO_PORT


def test_negative_cpu_time_makes_a_trial_void() -> None:
    server = ServerUse(-1, 0, 0, 0, 0, 0, 1)
    void = why_void(CHAT, dataclasses.replace(result(1000.0), server=server), seconds=1.0)
    assert void
    assert void.reason is VoidReason.CPU_TIME_LOST
