"""Plans, jobs and results survive JSON; percentiles have the rank that HdrHistogram gives them."""

import json
import random
from dataclasses import asdict

import pytest

from upecho.load.histogram import bucket, counts_of, decoded, encoded
from upecho.load.latency import Latency, percentile
from upecho.load.payload import OFFSETS, Payload
from upecho.load.plan import Failure, Job, LoadResult, Plan, ServerUse
from upecho.processes.linux.scope import Scope
from upecho.support.decoding import build


def test_percentiles_of_one_to_thousand() -> None:
    values = list(range(1, 1001))
    random.Random(1).shuffle(values)
    latency = Latency.of(values)
    assert (latency.min_ns, latency.p50_ns, latency.p99_ns, latency.p999_ns, latency.max_ns) == (
        1,
        500,
        990,
        999,
        1000,
    )
    assert latency.mean_ns == 500


@pytest.mark.parametrize(
    ("count", "percent", "expected"),
    [
        (1, 50, 1),
        (1, 99.9, 1),
        (2, 50, 1),
        (2, 99, 2),
        (3, 50, 2),
        (4, 60, 2),
        (10, 99.9, 10),
        (10, 0, 1),
        (10, 100, 10),
    ],
)
def test_rank_of_a_percentile_is_rounded_half_up(count: int, percent: float, expected: int) -> None:
    assert percentile(counts_of(range(1, count + 1)), percent) == expected


def test_latency_without_requests_is_zero() -> None:
    assert Latency.of([]) == Latency(0, 0, 0, 0, 0, 0, encoded({}))


def test_histogram_counts_every_value() -> None:
    assert decoded(Latency.of([5, 12_344, 5, 12_350]).histogram) == {5: 2, bucket(12_344): 2}


@pytest.mark.parametrize("max_requests", [None, 7])
def test_job_is_one_line_of_json(max_requests: int | None) -> None:
    job = Job("[::1]:80", Plan(3, 64, 0.5, 2.0, seed=9, max_requests=max_requests), scope=Scope((17, 18), "/group"))
    assert "\n" not in job.to_json()
    assert Job.from_json(job.to_json()) == job


@pytest.mark.parametrize("server", [None, ServerUse(12, 8, 4, 3, 20, 30, 2)])
def test_result_survives_json(server: ServerUse | None) -> None:
    errors = {Failure.RESET: 2, Failure.EARLY_END: 1}
    result = LoadResult(
        "python", 3, 192, 1000, 900, server, True, Latency.of([5, 1234]), errors, engine_switches=7, stolen_ns=9
    )
    assert build(LoadResult, json.loads(json.dumps(asdict(result)))) == result
    assert result.server_cpu_ns == (server and 12)


def test_only_ascii_letters_are_expected_to_change() -> None:
    payload = Payload.of(4096, seed=1)
    assert set(payload.sent) == set(range(256))
    assert payload.expected == bytes(payload.sent).upper()


def test_requests_stay_within_the_buffer_and_differ() -> None:
    payload = Payload.of(64, seed=1)
    offsets = [next(payload.offsets) for _ in range(OFFSETS)]
    assert max(offsets) + 64 <= len(payload.sent)
    assert len({payload.expected[offset : offset + 64] for offset in offsets}) == OFFSETS


@pytest.mark.parametrize(
    ("failure", "count", "text"),
    [
        (Failure.TIMED_OUT, 10, "10 connections timed out"),
        (Failure.TIMED_OUT, 1, "1 connection timed out"),
        (Failure.RESET, 2, "2 connections reset"),
        (Failure.REFUSED, 1, "1 connection refused"),
        (Failure.MISMATCH, 3, "3 mismatch"),
        (Failure.EARLY_END, 1, "1 early end"),
    ],
)
def test_failures_are_counted_in_words(failure: Failure, count: int, text: str) -> None:
    assert failure.counted(count) == text
