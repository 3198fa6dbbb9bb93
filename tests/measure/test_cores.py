"""The cores that the engine and the servers run on."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upecho.measure import cores
from upecho.measure.cores import Cores, named, numbers, ranges
from upecho.support.errors import CallerError, Unavailable

ALONE: Mapping[int, str] = {}
PAIRS = {0: "0-1", 1: "0-1", 2: "2-3", 3: "2-3"}
FAR = {0: "0,4", 4: "0,4", 1: "1,5", 5: "1,5"}


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> "Machine":
    return Machine(monkeypatch, tmp_path)


class Machine:
    """Replaces what the system says about its cores."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, directory: Path) -> None:
        self._monkeypatch = monkeypatch
        self._directory = directory

    def has(self, allowed: set[int], siblings: Mapping[int, str] = ALONE) -> None:
        self._monkeypatch.setattr(os, "sched_getaffinity", lambda _: allowed, raising=False)
        self._monkeypatch.setattr(cores, "TOPOLOGY", f"{self._directory}/{{}}")
        for core, text in siblings.items():
            (self._directory / str(core)).write_text(f"{text}\n")


@pytest.mark.parametrize(
    ("allowed", "siblings", "expected"),
    [
        ({0, 1, 2, 3}, {0: "0"}, Cores((0,), (1, 2, 3))),
        ({0, 1, 2, 3}, PAIRS, Cores((0,), (2, 3))),
        ({0, 1, 4, 5}, FAR, Cores((0,), (1, 5))),
        ({0, 1}, PAIRS, Cores((0,), (1,))),
        ({2}, {}, Cores()),
        ({2, 3}, {}, Cores((2,), (3,))),
    ],
)
def test_engine_has_its_own_core(
    allowed: set[int], siblings: Mapping[int, str], expected: Cores, machine: Machine
) -> None:
    machine.has(allowed, siblings)
    assert Cores.divided() == expected


@pytest.mark.parametrize(
    ("wanted", "siblings", "expected"),
    [
        (1, {}, Cores((0,), (1, 2, 3, 4, 5))),
        (3, {}, Cores((0, 1, 2), (3, 4, 5))),
        (5, {}, Cores((0, 1, 2, 3, 4), (5,))),
        (2, PAIRS, Cores((0, 2), (4, 5))),
        (3, PAIRS, Cores((0, 2, 4), (5,))),
        (4, PAIRS, Cores((0, 1, 2, 3), (4, 5))),
        (5, PAIRS, Cores((0, 1, 2, 3, 4), (5,))),
        ([5, 0, 5], {}, Cores((0, 5), (1, 2, 3, 4))),
        ([0, 1], PAIRS, Cores((0, 1), (2, 3, 4, 5))),
        ([0, 2, 4, 5], PAIRS, Cores((0, 2, 4, 5), (1, 3))),
    ],
)
def test_engine_has_the_cores_that_were_asked_for(
    wanted: int | Sequence[int], siblings: Mapping[int, str], expected: Cores, machine: Machine
) -> None:
    """With two threads for each of the first two physical cores, the servers still get a physical core."""
    machine.has({0, 1, 2, 3, 4, 5}, siblings)
    assert Cores.divided(wanted) == expected


def test_servers_have_a_physical_core_of_their_own_if_there_is_one(machine: Machine) -> None:
    machine.has({0, 1, 2, 3}, PAIRS)
    assert Cores.divided(2) == Cores((0, 1), (2, 3))


@pytest.mark.parametrize(
    ("wanted", "what"),
    [(2, "cores 0,3"), (3, "3 cores"), ([0, 3], "cores 0,3"), ([3, 9], "core 9"), (10**9, "1000000000 cores")],
)
def test_engine_without_a_core_for_the_servers_is_refused(
    wanted: int | Sequence[int], what: str, machine: Machine
) -> None:
    machine.has({0, 3})
    message = f"^the load engine cannot have {what}: this process may use cores 0,3 only, and the servers need one of "
    with pytest.raises(CallerError, match=message):
        Cores.divided(wanted)


def test_single_core_is_not_divided_even_if_that_was_asked_for(machine: Machine) -> None:
    machine.has({2})
    with pytest.raises(CallerError, match="cannot have core 2: this process may use core 2 only"):
        Cores.divided(1)


def test_nothing_is_divided_without_processor_affinity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert Cores.divided() == Cores()
    with pytest.raises(Unavailable, match="does not bind processes to cores"):
        Cores.divided(1)


@given(st.sets(st.integers(0, 100), min_size=1))
def test_ranges_are_parsed_as_they_are_written(chosen: set[int]) -> None:
    assert numbers(ranges(chosen)) == sorted(chosen)


@pytest.mark.parametrize(
    ("chosen", "expected"), [((), "any core"), ((3,), "core 3"), ((0, 1, 2), "cores 0-2"), ((8, 0, 1), "cores 0-1,8")]
)
def test_cores_are_named_in_words(chosen: Sequence[int], expected: str) -> None:
    assert named(chosen) == expected


@pytest.mark.parametrize("text", ["", "x", "2-", "-2", "3-1", "0,", "0-99999999999", "0--1"])
def test_other_text_is_no_list_of_cores(text: str) -> None:
    with pytest.raises(ValueError, match=r"invalid literal|not a range of cores"):
        numbers(text)
