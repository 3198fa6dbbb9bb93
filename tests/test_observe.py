"""Observing processes from outside."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from upecho import observe
from upecho.process import Supervisor

pytestmark = pytest.mark.skipif(not observe.AVAILABLE, reason="reads /proc, which only Linux has")

# Opens two descriptors, has a child of its own, says so, and does nothing further.
IDLE = "import os, sys; os.pipe(); os.fork() and print(flush=True); sys.stdin.read()"
THREADS_AND_A_ZOMBIE = """
import os, sys, threading
zombie = os.fork() or os._exit(0)
for _ in range(3):
    threading.Thread(target=threading.Event().wait, daemon=True).start()
print(zombie, flush=True)
sys.stdin.read()
"""
FILLED_BYTES = 32 << 20
FILL = f"filled = b'x' * {FILLED_BYTES}; print(flush=True); __import__('sys').stdin.read()"


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


def test_a_zombie_and_each_thread_are_tasks(supervisor: Supervisor, eventually: Callable[..., None]) -> None:
    child = supervisor.start([sys.executable, "-S", "-c", THREADS_AND_A_ZOMBIE])
    zombie = int(child.read_line(20) or "")
    eventually(lambda: " Z " in Path(f"/proc/{zombie}/stat").read_text())
    assert zombie in observe.members(child.pid)
    assert observe.task_count(child.pid) == 1 + 3 + 1
    assert observe.descriptor_count(child.pid) == 3


def test_memory_counts_once_it_is_used(supervisor: Supervisor) -> None:
    child = supervisor.start([sys.executable, "-S", "-c", f"print(flush=True); input(); {FILL}"])
    child.read_line(20)
    before = observe.resident_bytes(child.pid)
    child.stdin.write(b"\n")
    child.read_line(20)
    assert FILLED_BYTES <= observe.resident_bytes(child.pid) - before < 2 * FILLED_BYTES


def test_memory_of_all_processes_is_counted(supervisor: Supervisor) -> None:
    command = f"import os, sys; os.fork(); {FILL}"  # each of the two says when it has filled its own
    child = supervisor.start([sys.executable, "-S", "-c", command])
    child.read_line(20)
    child.read_line(20)
    assert observe.resident_bytes(child.pid) >= 2 * FILLED_BYTES


def test_nobody_uses_nothing() -> None:
    nobody = 2**22 + 1
    assert (observe.task_count(nobody), observe.resident_bytes(nobody)) == (0, 0)
