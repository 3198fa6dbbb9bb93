"""What the program that compares numbers of engine threads says about their limit."""

import dataclasses
import importlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import COMMAND_SECONDS
from tests.made_up import load
from upecho.load.engine import best
from upecho.load.plan import LoadResult
from upecho.measure.cores import Cores

ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(not (ROOT / "bench").exists(), reason="not in a checkout of the project"),
]


@pytest.fixture
def scaling(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(ROOT)
    return importlib.import_module("bench.scaling")


def measured(*, saturated: bool = False, server_cores: float = 1.0) -> LoadResult:
    """Return a load during which the server used this many cores."""
    result = load(10.0)
    return dataclasses.replace(
        result, saturated=saturated, elapsed_ns=round((result.server_cpu_ns or 0) / server_cores)
    )


@pytest.mark.parametrize(
    ("loads", "expected"),
    [
        ([measured(saturated=True)], "the engine"),
        ([measured(saturated=True), measured()], "the engine"),
        ([measured(saturated=True), measured(), measured()], "the number of connections"),
        ([measured(server_cores=1.9)], "the server"),
        ([measured(server_cores=1.7)], "the number of connections"),
    ],
)
def test_limit_is_what_was_busy_in_most_trials(loads: list[LoadResult], expected: str, scaling: Any) -> None:
    machine = scaling.Machine(Cores((0, 1), (2, 3)), is_shared=False)
    assert machine.limit(loads) == expected


def test_nothing_is_said_about_scaling_where_cores_are_shared(scaling: Any) -> None:
    shared = scaling.Machine(Cores((0, 1), (0, 1)), is_shared=True)
    assert shared.limit([measured(server_cores=1.0)]) == "the shared cores"
    assert shared.limit([measured(saturated=True)]) == "the engine"


@pytest.mark.parametrize(
    ("allowed", "count", "expected"),
    [
        ({0, 1, 2, 3}, 2, (Cores((0, 1), (2, 3)), False)),
        ({0, 1, 2, 3}, 3, (Cores((0, 1, 2), (3,)), False)),
        ({0, 3}, 2, (Cores((0, 3), (0, 3)), True)),
        ({0, 3}, 3, (Cores((0, 3, 0), (0, 3)), True)),
    ],
)
def test_cores_are_shared_if_none_would_be_left(
    allowed: set[int], count: int, expected: tuple[Cores, bool], scaling: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: allowed, raising=False)
    monkeypatch.setattr("upecho.measure.cores.TOPOLOGY", "/none/{}")
    machine = scaling.Machine.with_threads(count)
    assert (machine.cores, machine.is_shared) == expected


@pytest.mark.parametrize(("cores", "expected"), [(1, [2]), (2, [2]), (4, [2]), (8, [2, 4]), (17, [2, 4, 8])])
def test_default_is_every_power_of_two_up_to_half_of_the_cores(
    cores: int, expected: list[int], scaling: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)), raising=False)
    assert scaling._default_counts() == expected


@pytest.mark.skipif(best() != "native", reason="the C extension was not built")
def test_threads_are_compared_over_both_families() -> None:
    command = [sys.executable, "-m", "bench.scaling", "2", "--pairs", "2", "--seconds", "0.05"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line for line in done.stdout.splitlines() if line.startswith("2 ")] == [
        "2 threads to 1 over inet, 2 pairs:",
        "2 threads to 1 over unix, 2 pairs:",
    ]
    assert done.stdout.count("    limit with 1 thread: ") == 2


@pytest.mark.parametrize("count", ["1", "0", "-1", "257", "x"])
def test_wrong_number_of_threads_is_refused(count: str) -> None:
    command = [sys.executable, "-m", "bench.scaling", "--", count]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False)
    assert done.returncode == 2
    assert "error: " in done.stderr.splitlines()[-1]
