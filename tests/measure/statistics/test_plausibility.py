"""An engine that tells what cannot be true is not believed."""

import dataclasses

import pytest

from tests.made_up import load
from upecho.load.latency import Latency
from upecho.load.plan import Failure, LoadResult, ServerUse
from upecho.measure.cells import Scenario
from upecho.measure.statistics.plausibility import CPU_LOST, doubt

CHAT = Scenario("chat", 10, 64)
REQUESTS = 10_000


def told(mean_us: float, requests: int = REQUESTS, elapsed: float = 1.0) -> LoadResult:
    """So many requests in so many seconds, with such a mean latency."""
    latency = Latency.of([round(mean_us * 1000)])
    return dataclasses.replace(load(1.0), requests=requests, elapsed_ns=round(elapsed * 1e9), latency=latency)


def test_a_closed_loop_whose_places_are_taken_all_the_time_is_believed() -> None:
    assert doubt(CHAT, told(1000.0), 1.0) == ""


@pytest.mark.parametrize("mean_us", [900.0, 1009.0])
def test_a_little_less_and_what_is_rounded_are_too(mean_us: float) -> None:
    assert doubt(CHAT, told(mean_us), 1.0) == ""


@pytest.mark.parametrize(("mean_us", "seen"), [(890.0, "8.9"), (1020.0, "10.2"), (100.0, "1.0"), (2000.0, "20.0")])
def test_more_or_less_than_the_places_is_not(mean_us: float, seen: str) -> None:
    assert doubt(CHAT, told(mean_us), 1.0) == f"10 requests were in flight, but by Little's law {seen}"


def test_each_request_of_a_pipeline_has_a_place() -> None:
    piped = dataclasses.replace(CHAT, depth=4)
    assert doubt(piped, told(4000.0), 1.0) == ""
    assert doubt(piped, told(1000.0), 1.0).startswith("40 requests were in flight")


def test_a_reply_that_comes_long_behind_the_window_leaves_the_other_places_free() -> None:
    """Nine of ten places are free for half of the time, because the last reply comes so late."""
    assert doubt(CHAT, told(1100.0, elapsed=2.0), 1.0) == ""
    assert doubt(CHAT, told(1100.0, elapsed=2.0), 2.0).endswith("5.5")


def test_the_first_requests_may_come_a_latency_after_the_clock() -> None:
    assert doubt(CHAT, told(76_000.0, requests=100), 0.92) == ""
    assert doubt(CHAT, told(74_000.0, requests=100), 0.92) != ""


def test_a_schedule_has_no_places() -> None:
    assert doubt(dataclasses.replace(CHAT, share=0.5), told(1.0), 1.0) == ""


def test_without_requests_there_is_nothing_to_doubt() -> None:
    assert doubt(CHAT, told(0.0, requests=0), 1.0) == ""


def test_a_machine_without_ports_measured_nothing() -> None:
    assert doubt(CHAT, dataclasses.replace(told(1000.0), errors={Failure.NO_PORT: 3}), 1.0) == "no local port left"


def test_a_server_that_used_less_than_nothing_is_not_believed() -> None:
    server = ServerUse(-1, 0, 0, 0, 0, 0, 1)
    assert doubt(CHAT, dataclasses.replace(told(1000.0), server=server), 1.0) == CPU_LOST
