"""Trials are marked as disturbed where something else took the processor."""

import dataclasses

import pytest

from tests.made_up import load
from upecho.load.plan import LoadResult
from upecho.measure.statistics.noise import disturbances

SECOND_NS = 1_000_000_000


def found(**changes: int) -> list[str]:
    return list(disturbances(dataclasses.replace(load(1.0), **changes)))  # type: ignore[arg-type]


def test_a_quiet_block_is_not_marked() -> None:
    assert found(elapsed_ns=SECOND_NS) == []


@pytest.mark.parametrize(("stolen_ms", "words"), [(20, []), (30, ["3% of a core stolen"])])
def test_time_that_was_stolen_is_said_beyond_two_percent(stolen_ms: int, words: list[str]) -> None:
    assert found(elapsed_ns=SECOND_NS, stolen_ns=stolen_ms * 1_000_000) == words


@pytest.mark.parametrize(
    ("seconds", "switches", "words"),
    [
        (1, 200, []),
        (1, 201, ["load engine interrupted 201 times a second"]),
        (2, 400, []),
        (2, 600, ["load engine interrupted 300 times a second"]),
    ],
)
def test_interruptions_are_said_beyond_two_hundred_a_second(seconds: int, switches: int, words: list[str]) -> None:
    assert found(elapsed_ns=seconds * SECOND_NS, engine_switches=switches) == words


def test_on_the_core_of_the_server_interruptions_tell_nothing() -> None:
    shared = dataclasses.replace(load(1.0), elapsed_ns=SECOND_NS, engine_switches=1000, stolen_ns=SECOND_NS)
    assert list(disturbances(shared, own_core=False)) == ["100% of a core stolen"]


def test_both_are_said() -> None:
    assert len(found(elapsed_ns=SECOND_NS, stolen_ns=SECOND_NS, engine_switches=1000)) == 2


def test_a_load_that_did_not_begin_was_not_disturbed() -> None:
    failed: LoadResult = dataclasses.replace(load(1.0), requests=0, elapsed_ns=0, stolen_ns=1, engine_switches=1)
    assert list(disturbances(failed)) == []
