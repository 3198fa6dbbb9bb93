"""The report of a load from several machines."""

from dataclasses import replace

import pytest

from tests.distributed.loads import PLAN, hello, load
from upecho.distributed.run import DistributedRun, Part
from upecho.load.plan import Failure, LoadResult
from upecho.report.distributed import lines, load_text

pytestmark = pytest.mark.once

WINDOW_NS = 1_000_000_000


def report(*loads: LoadResult | None, arrived_ns: int = WINDOW_NS) -> str:
    parts = (
        Part(hello(pid), PLAN, one, arrived_ns if one else 0, lost="" if one else "not heard of for 10 s")
        for pid, one in enumerate(loads, 1)
    )
    return "\n".join(lines(DistributedRun.of("10.0.0.9:8080", PLAN, tuple(parts))))


def test_each_worker_and_all_together_have_a_line() -> None:
    assert report(load([5_000] * 4000), load([7_000] * 1000)).splitlines() == [
        "10.0.0.9:8080  5 connections, 64 B messages, 1 s",
        "",
        "worker              connections  requests  requests/s  p50 µs  p99 µs  p99.9 µs  max µs",
        "host/1                        5     4 000       4 000    5.00    5.00      5.00    5.00",
        "host/2                        5     1 000       1 000    7.00    7.00      7.00    7.00",
        "all 2 of 2 workers           10     5 000       5 000    5.00    7.00      7.00    7.00",
        "",
        "Every reply was compared byte for byte. Percentiles are those of all requests, from merged histograms.",
        "The windows of the workers overlap for at least 1.00 of 1.00 s.",
    ]


def test_loss_is_said_and_nothing_of_it_is_shown() -> None:
    text = report(load([5_000] * 10), None)
    assert "host/2                        5      lost\nall 1 of 2 workers            5        10" in text
    assert "worker host/2 is lost: not heard of for 10 s" in text
    assert "The figures are those of 1 of 2 workers; what the others have sent is in none of them." in text


def test_without_any_result_there_are_no_figures() -> None:
    text = report(None, None)
    assert "all 0 of" not in text
    assert text.endswith("worker host/2 is lost: not heard of for 10 s\nNo worker has delivered a result.")


def test_failures_are_added_by_kind_and_no_rate_is_shown() -> None:
    one = replace(load([5_000]), errors={Failure.RESET: 2})
    other = replace(load([5_000]), errors={Failure.RESET: 1, Failure.MISMATCH: 4})
    text = report(one, other)
    assert "failures: 3 connections reset, 4 mismatch" in text
    assert "all 2 of 2 workers           10         2\n" in text
    assert "Every reply" not in text


@pytest.mark.parametrize(("arrived_ns", "is_little"), [(WINDOW_NS * 11 // 10, False), (WINDOW_NS * 3, True)])
def test_little_overlap_is_said(arrived_ns: int, is_little: bool) -> None:
    assert ("That is too little" in report(load(), load(), arrived_ns=arrived_ns)) is is_little


def test_saturated_engine_is_marked() -> None:
    text = report(replace(load([5_000] * 10), saturated=True), load())
    assert text.count("≥ ") == 3  # one worker, all workers, the legend


def test_text_of_a_load() -> None:
    plan = replace(PLAN, depth=4, rate=100.0, message_size=2048)
    assert load_text(plan) == "5 connections, 2 KiB messages, 4 in flight on each, 100 requests/s on a schedule, 1 s"
    assert load_text(replace(PLAN, churn=True)).endswith("64 B messages, a new connection for each message, 1 s")
