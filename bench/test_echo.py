"""One benchmark per cell. A round of pytest-benchmark is a trial, timed per request, so OPS are requests per second."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from upecho.load.histogram import decoded, encoded
from upecho.load.plan import LoadResult
from upecho.measure.statistics.summary import Figures
from upecho.measure.trials import Trial
from upecho.support.errors import TargetError


@pytest.mark.timeout(0)  # the first test of a group measures the whole group
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
    if trial.findings or not trial.load:
        raise TargetError(trial.failure)
    return trial.load


def _extra_info(loads: list[LoadResult]) -> dict[str, Any]:
    """Return the medians over the trials, and the trials themselves."""
    figures = Figures.of(loads)
    return {
        "engine": loads[0].engine,
        "engine_saturated": figures.saturated,
        "cpu_us_per_request": figures.cpu_ns and figures.cpu_ns.median / 1e3,
        "p50_us": figures.p50_ns.median / 1e3,
        "p99_us": figures.p99_ns.median / 1e3,
        "p999_us": figures.p999_ns.median / 1e3,
        "histogram": _histogram(loads),
        "trials": [_without_latency(load) for load in loads],
    }


def _without_latency(load: LoadResult) -> dict[str, Any]:
    return {name: value for name, value in asdict(load).items() if name != "latency"}


def _histogram(loads: list[LoadResult]) -> str:
    """Return the latencies of all trials as an encoded HdrHistogram."""
    counts: Counter[int] = Counter()
    for load in loads:
        counts.update(decoded(load.latency.histogram))
    return encoded(counts)
