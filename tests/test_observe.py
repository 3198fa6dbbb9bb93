"""Observing processes from outside."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from upecho import observe

pytestmark = pytest.mark.skipif(not observe.AVAILABLE, reason="reads /proc, which only Linux has")

# Opens two descriptors, has a child of its own, says so, and does nothing further.
IDLE = "import os, sys; os.pipe(); os.fork() and print(flush=True); sys.stdin.read()"


@pytest.fixture
def group() -> Iterator[int]:
    command = [sys.executable, "-S", "-c", IDLE]
    with subprocess.Popen(command, stdin=-1, stdout=-1, start_new_session=True) as process:
        assert process.stdout
        assert process.stdout.readline()
        yield process.pid


def test_children_are_members_of_their_group(group: int) -> None:
    members = observe.members(group)
    assert group in members
    assert len(members) == 2


def test_nobody_is_a_member_of_no_group() -> None:
    assert observe.members(2**22 + 1) == []


def test_descriptors_of_all_processes_are_counted(group: int) -> None:
    assert observe.descriptor_count(group) == 2 * (3 + 2)


def test_cpu_time_of_all_processes_is_counted(group: int, eventually: Callable[..., None]) -> None:
    first = observe.cpu_ns(group)
    assert 0 < first < 20e9
    assert observe.cpu_ns(os.getpgrp()) >= time.process_time_ns()
    assert observe.cpu_ns(group) - first < 50e6


def test_a_process_that_ended_since_it_was_listed_counts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen(["/bin/true"]) as ended:
        pass
    monkeypatch.setattr(observe, "members", lambda group: [ended.pid])
    assert observe.cpu_ns(1) == 0
    assert observe.descriptor_count(1) == 0
