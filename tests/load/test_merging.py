"""Merged results are those of one engine that has made all requests."""

import json
import random
from collections.abc import Sequence
from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upecho.load.histogram import HIGHEST, counts_of, encoded
from upecho.load.latency import Latency, percentile
from upecho.load.merging import in_sequence, merged
from upecho.load.plan import Failure, LoadResult, ServerUse
from upecho.support.decoding import build

pytestmark = pytest.mark.once

SAMPLES = st.lists(st.integers(0, 50_000) | st.integers(0, HIGHEST), max_size=200)
PARTS = st.lists(SAMPLES, min_size=1, max_size=5)
USE = ServerUse(50, 20, 30, 4, 1000, 2500, 5)


def load(latencies_ns: Sequence[int] = (), lags_ns: Sequence[int] = ()) -> LoadResult:
    lags = counts_of(lags_ns)
    return LoadResult(
        engine="native",
        requests=len(latencies_ns),
        payload_bytes=64 * len(latencies_ns),
        elapsed_ns=1000,
        engine_cpu_ns=10,
        server=None,
        saturated=False,
        latency=Latency.of(latencies_ns),
        errors={},
        lag_p99_ns=percentile(lags, 99),
        lag_max_ns=max(lags_ns, default=0),
        lag_histogram=encoded(lags) if lags else "",
    )


@given(PARTS)
def test_latencies_are_those_of_the_union_of_the_samples(parts: list[list[int]]) -> None:
    union = [value for part in parts for value in part]
    assert merged([load(part) for part in parts]).latency == Latency.of(union)


@given(PARTS)
def test_lags_are_those_of_the_union_of_the_samples(parts: list[list[int]]) -> None:
    union = load((), [value for part in parts for value in part])
    found = merged([load((), part) for part in parts])
    assert (found.lag_p99_ns, found.lag_max_ns, found.lag_histogram) == (
        union.lag_p99_ns,
        union.lag_max_ns,
        union.lag_histogram,
    )


@given(PARTS, st.randoms(use_true_random=False))
def test_order_and_grouping_do_not_matter(parts: list[list[int]], source: random.Random) -> None:
    loads = [load(part, part) for part in parts]
    shuffled = sorted(loads, key=lambda _: source.random())
    assert merged(shuffled) == merged([merged(loads[:1]), *loads[1:]]) == merged(loads)


@given(SAMPLES)
def test_single_result_is_unchanged_also_after_a_trip_as_json(sample: list[int]) -> None:
    single = replace(load(sample, sample), errors={Failure.RESET: 2}, slices=(1, 2), server=USE)
    assert merged([build(LoadResult, json.loads(json.dumps(asdict(single))))]) == single


def test_counts_are_added_and_the_longest_load_determines_the_time() -> None:
    one = replace(load([5, 6]), errors={Failure.RESET: 2, Failure.TIMED_OUT: 1}, slices=(1, 0, 1), engine_switches=3)
    other = replace(load([7]), errors={Failure.RESET: 5}, slices=(1,), elapsed_ns=1500, threads=2, stolen_ns=9)
    assert merged([one, other]) == LoadResult(
        engine="native",
        requests=3,
        payload_bytes=192,
        elapsed_ns=1500,
        engine_cpu_ns=20,
        server=None,
        saturated=False,
        latency=Latency.of([5, 6, 7]),
        errors={Failure.RESET: 7, Failure.TIMED_OUT: 1},
        slices=(2, 0, 1),
        engine_switches=3,
        stolen_ns=9,
        threads=3,
    )


@pytest.mark.parametrize(("saturated", "expected"), [((False, False), False), ((False, True), True)])
def test_one_saturated_part_makes_the_whole_saturated(saturated: tuple[bool, ...], expected: bool) -> None:
    assert merged([replace(load(), saturated=one) for one in saturated]).saturated is expected


def test_server_use_is_known_if_one_part_has_measured_it() -> None:
    measured = replace(load(), server=USE)
    assert merged([load(), measured, load()]).server == USE
    assert merged([measured, measured]).server is None
    assert merged([load(), load()]).server is None


@pytest.mark.parametrize("engines", [[], ["native", "python"]])
def test_only_results_of_one_engine_can_be_merged(engines: list[str]) -> None:
    with pytest.raises(ValueError, match="from one load engine"):
        merged([replace(load(), engine=name) for name in engines])


def test_loads_one_after_another_are_one_longer_load() -> None:
    first = replace(load([100, 200]), server=USE, slices=(1, 1), elapsed_ns=1000, saturated=True)
    second = replace(load([300]), server=replace(USE, resident_bytes=2000, peak_bytes=3000, threads=2), slices=(1,))
    found = in_sequence([first, second])
    assert found == replace(
        merged([load([100, 200]), load([300])]),
        elapsed_ns=2000,
        server=ServerUse(100, 40, 60, 8, 1000, 3000, 5),
        saturated=True,
        slices=(1, 1, 1),
        threads=1,
    )
    assert in_sequence([first]) == first


def test_use_is_unknown_if_it_is_for_one_of_the_loads() -> None:
    assert in_sequence([replace(load([1]), server=USE), load([1])]).server is None
