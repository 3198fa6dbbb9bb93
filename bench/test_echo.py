"""One benchmark for each cell. A round is a trial, its time that of one request: OPS are requests/s."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from upecho.load.histogram import decoded, encoded
from upecho.load.plan import LoadResult
from upecho.measure.statistics.summary import Numbers
from upecho.measure.trials import Trial
from upecho.support.errors import TargetError


@pytest.mark.timeout(0)  # the first test of a group measures them all
def test_echo(benchmark: BenchmarkFixture, trials: Sequence[Trial], advance: Callable[[float], None]) -> None:
    loads: list[LoadResult] = []

    def replay() -> None:
        load = _load(trials[len(loads)])
        loads.append(load)
        advance(load.elapsed_ns / 1e9 / load.requests)

    benchmark.pedantic(replay, rounds=len(trials))  # type: ignore[no-untyped-call]
    benchmark.extra_info.update(_extra_info(loads))


def _load(trial: Trial) -> LoadResult:
    if trial.void:
        pytest.skip(f"void: {trial.void}")
    if trial.failure or not trial.load:
        raise TargetError(trial.failure)
    return trial.load


def _extra_info(loads: list[LoadResult]) -> dict[str, Any]:
    """Return the medians over the trials, and the trials themselves."""
    numbers = Numbers.of(loads)
    return {
        "engine": loads[0].engine,
        "engine_saturated": numbers.saturated,
        "cpu_us_per_request": numbers.cpu_ns and numbers.cpu_ns.median / 1e3,
        "p50_us": numbers.p50_ns.median / 1e3,
        "p99_us": numbers.p99_ns.median / 1e3,
        "p999_us": numbers.p999_ns.median / 1e3,
        "histogram": _histogram(loads),
        "trials": [_plain(load) for load in loads],
    }


def _plain(load: LoadResult) -> dict[str, Any]:
    return {name: value for name, value in asdict(load).items() if name != "latency"}


def _histogram(loads: list[LoadResult]) -> str:
    """Return the latencies of all trials, as text that HdrHistogram's tools read."""
    counts: Counter[int] = Counter()
    for load in loads:
        counts.update(decoded(load.latency.histogram))
    return encoded(counts)
