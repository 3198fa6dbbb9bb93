"""Trials are disturbed if something else used the processor."""

import dataclasses

import pytest

from tests.made_up import load
from upecho.load.plan import LoadResult
from upecho.measure.statistics.noise import disturbances
from upecho.measure.throttling import Throttling

pytestmark = pytest.mark.once

SECOND_NS = 1_000_000_000


def found(**changes: int) -> list[str]:
    return list(disturbances(dataclasses.replace(load(1.0), **changes)))  # type: ignore[arg-type]


def test_quiet_trial_is_not_disturbed() -> None:
    assert found(elapsed_ns=SECOND_NS) == []


@pytest.mark.parametrize(("stolen_ms", "words"), [(20, []), (30, ["3% of a core stolen"])])
def test_stolen_time_above_two_percent_is_reported(stolen_ms: int, words: list[str]) -> None:
    assert found(elapsed_ns=SECOND_NS, stolen_ns=stolen_ms * 1_000_000) == words


@pytest.mark.parametrize(
    ("seconds", "switches", "threads", "words"),
    [
        (1, 200, 1, []),
        (1, 201, 1, ["load engine interrupted 201 times a second"]),
        (2, 400, 1, []),
        (2, 600, 1, ["load engine interrupted 300 times a second"]),
        (1, 400, 2, []),
        (1, 402, 2, ["load engine interrupted 201 times a second"]),
    ],
)
def test_more_than_two_hundred_switches_a_second_of_a_thread_are_reported(
    seconds: int, switches: int, threads: int, words: list[str]
) -> None:
    assert found(elapsed_ns=seconds * SECOND_NS, engine_switches=switches, threads=threads) == words


def test_switches_on_a_shared_core_are_ignored() -> None:
    shared = dataclasses.replace(load(1.0), elapsed_ns=SECOND_NS, engine_switches=1000, stolen_ns=SECOND_NS)
    assert list(disturbances(shared, own_core=False)) == ["100% of a core stolen"]


def test_both_disturbances_are_reported() -> None:
    assert len(found(elapsed_ns=SECOND_NS, stolen_ns=SECOND_NS, engine_switches=1000)) == 2


@pytest.mark.parametrize("started", [True, False])
def test_cpu_quota_is_reported(started: bool) -> None:
    quiet = dataclasses.replace(load(1.0), elapsed_ns=SECOND_NS) if started else None
    words = ["stopped by a CPU quota in 73 of 83 periods"]
    assert list(disturbances(quiet, throttling=Throttling(83, 73, 5))) == words
    assert list(disturbances(quiet, throttling=Throttling(83, 0, 0))) == []


def test_load_that_did_not_start_is_not_disturbed() -> None:
    failed: LoadResult = dataclasses.replace(load(1.0), requests=0, elapsed_ns=0, stolen_ns=1, engine_switches=1)
    assert list(disturbances(failed)) == []
