"""Observing processes from outside, through /proc."""

import dataclasses
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from upecho.processes.linux import procfs
from upecho.processes.supervisor import Supervisor

pytestmark = pytest.mark.skipif(not procfs.AVAILABLE, reason="reads /proc, which only Linux has")

# Opens two descriptors, forks a child, prints a line, and then does nothing.
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
# Mapped and unmapped explicitly, since allocators of different Pythons treat a freed block differently.
PEAK = f"""
import mmap, sys
filled = mmap.mmap(-1, {FILLED_BYTES}, mmap.MAP_PRIVATE)
for place in range(0, {FILLED_BYTES}, mmap.PAGESIZE):
    filled[place] = 1
filled.close()
print(flush=True)
sys.stdin.read()
"""
BURNED_SECONDS = 0.3
BURN = f"""
import os, sys, time
while time.process_time() < {BURNED_SECONDS}:
    {{}}
print(flush=True)
sys.stdin.read()
"""
REAPED = f"""
import os, sys, time
if os.fork() == 0:
    while time.process_time() < {BURNED_SECONDS}:
        pass
    os._exit(0)
os.wait()
print(flush=True)
sys.stdin.read()
"""
# Starts a process that loses its parent; it burns CPU time and ends once there is a line on stdin.
ORPHANED = f"""
import os, sys, time
if os.fork() == 0:
    if os.fork() == 0:
        sys.stdin.readline()
        while time.process_time() < {BURNED_SECONDS}:
            pass
    os._exit(0)
os.wait()
print(flush=True)
time.sleep(600)
"""
BURN_AND_END = f"""
import sys, threading, time
def burn():
    while time.thread_time() < {BURNED_SECONDS}:
        pass
thread = threading.Thread(target=burn)
thread.start()
thread.join()
print(flush=True)
sys.stdin.read()
"""
SLEEPS = 50
SLEEP = f"""
import sys, time
print(flush=True)
sys.stdin.readline()
for _ in range({SLEEPS}):
    time.sleep(0.0001)
print(flush=True)
sys.stdin.read()
"""
IN_PROGRAM, IN_KERNEL = "sum(range(100_000))", "open('/dev/zero', 'rb', buffering=0).read(1 << 24)"
# On a given core, a thread that never waits, beside a main thread that only waits.
COMPETE = """
import os, sys, threading
os.sched_setaffinity(0, {int(sys.argv[1])})
def burn():
    while True:
        sum(range(100_000))
threading.Thread(target=burn, daemon=True).start()
print(flush=True)
sys.stdin.read()
"""
FILL = f"filled = b'x' * {FILLED_BYTES}; print(flush=True); __import__('sys').stdin.read()"

NOTHING = procfs.Use(0, 0, 0, 0, 0, 0, 0, ended_ns=None)


@pytest.fixture
def root() -> Iterator[int]:
    command = [sys.executable, "-S", "-c", IDLE]
    with subprocess.Popen(command, stdin=-1, stdout=-1, start_new_session=True) as process:
        assert process.stdout
        assert process.stdout.readline()
        yield process.pid


def test_process_and_its_children_are_members(root: int) -> None:
    members = procfs.members(root)
    assert root in members
    assert len(members) == 2


def test_unknown_process_has_no_members() -> None:
    assert procfs.members(2**22 + 1) == []


def test_descriptors_of_all_processes_are_counted(root: int) -> None:
    assert procfs.descriptor_count(root) == 2 * (3 + 2)


def test_descriptors_of_another_user_are_not_counted_as_none(root: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(path: str) -> list[str]:
        raise PermissionError(path)

    members = procfs.members(root)
    monkeypatch.setattr(procfs, "members", lambda root: members)
    monkeypatch.setattr(os, "listdir", deny)
    assert procfs.descriptor_count(root) is None


def test_process_is_shown_until_it_has_ended(root: int) -> None:
    assert procfs.shows(root)
    assert not procfs.shows(2**22 + 1)


def test_cpu_time_of_all_processes_is_counted(root: int, eventually: Callable[..., None]) -> None:
    first = procfs.cpu_ns(root)
    assert 0 < first < 20e9
    used_by_this_process = time.process_time_ns()
    assert procfs.cpu_ns(os.getpid()) >= used_by_this_process
    assert procfs.cpu_ns(root) - first < 50e6


def test_group_is_stopped_when_all_its_threads_are(
    supervisor: Supervisor, eventually: Callable[[Callable[[], bool]], None]
) -> None:
    child = supervisor.start([sys.executable, "-S", "-c", THREADS_AND_A_ZOMBIE])
    assert child.read_line(20)
    assert not procfs.is_stopped(child.pid)
    os.killpg(child.pid, signal.SIGSTOP)
    eventually(lambda: procfs.is_stopped(child.pid))


def test_spinning_process_is_busy_and_waiting_process_is_not(
    root: int, supervisor: Supervisor, eventually: Callable[..., None]
) -> None:
    eventually(lambda: not procfs.is_busy(root))
    child = supervisor.start([sys.executable, "-c", "print(flush=True)\nwhile True: pass"])
    assert child.read_line(10) is not None
    assert procfs.is_busy(child.pid)


def test_process_that_ended_after_listing_counts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen(["/bin/true"]) as ended:
        pass
    monkeypatch.setattr(procfs, "members", lambda root: [ended.pid])
    assert procfs.cpu_ns(1) == 0
    assert procfs.descriptor_count(1) == 0


def test_zombies_and_threads_are_tasks(supervisor: Supervisor, eventually: Callable[..., None]) -> None:
    child = supervisor.start([sys.executable, "-S", "-c", THREADS_AND_A_ZOMBIE])
    zombie = int(child.read_line(20) or "")
    eventually(lambda: " Z " in Path(f"/proc/{zombie}/stat").read_text())
    assert zombie in procfs.members(child.pid)
    assert procfs.task_count(child.pid) == 1 + 3 + 1
    assert sorted(procfs.thread_counts(child.pid)) == [1, 1 + 3]
    assert procfs.descriptor_count(child.pid) == 3


def test_memory_counts_when_it_is_used(supervisor: Supervisor) -> None:
    child = supervisor.start([sys.executable, "-S", "-c", f"print(flush=True); input(); {FILL}"])
    child.read_line(20)
    before = procfs.resident_bytes(child.pid)
    child.stdin.write(b"\n")
    child.read_line(20)
    assert FILLED_BYTES <= procfs.resident_bytes(child.pid) - before < 2 * FILLED_BYTES


def test_memory_of_all_processes_is_counted(supervisor: Supervisor) -> None:
    command = f"import os, sys; os.fork(); {FILL}"  # each of the two prints a line when it has filled its memory
    child = supervisor.start([sys.executable, "-S", "-c", command])
    child.read_line(20)
    child.read_line(20)
    assert procfs.resident_bytes(child.pid) >= 2 * FILLED_BYTES


def test_shared_memory_counts_once(supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = f"import os, sys; filled = b'x' * {FILLED_BYTES}; os.fork(); print(flush=True); sys.stdin.read()"
    child = supervisor.start([sys.executable, "-S", "-c", shared])
    child.read_line(20)
    child.read_line(20)
    assert FILLED_BYTES < procfs.resident_bytes(child.pid) < 2 * FILLED_BYTES
    assert FILLED_BYTES < procfs.use(child.pid).resident_bytes < 2 * FILLED_BYTES
    monkeypatch.setattr(procfs, "MEMORY", re.compile(b"no such line"))  # an old kernel
    assert procfs.resident_bytes(child.pid) > 2 * FILLED_BYTES


def test_unknown_process_has_no_tasks_and_no_memory() -> None:
    unknown = 2**22 + 1  # above the greatest process id of Linux
    assert (procfs.task_count(unknown), procfs.resident_bytes(unknown)) == (0, 0)


@pytest.mark.parametrize(("work", "kind"), [(IN_PROGRAM, "user_ns"), (IN_KERNEL, "system_ns")])
def test_user_and_system_time_are_told_apart(work: str, kind: str, supervisor: Supervisor) -> None:
    child = supervisor.start([sys.executable, "-S", "-c", BURN.format(work)])
    child.read_line(60)
    used = procfs.use(child.pid)
    assert used.cpu_ns >= BURNED_SECONDS * 1e9
    assert getattr(used, kind) > 0.7 * used.cpu_ns
    assert abs(used.cpu_ns - used.user_ns - used.system_ns) <= 3 * procfs.TICK_NS


def test_use_of_children_is_added(supervisor: Supervisor) -> None:
    child = supervisor.start([sys.executable, "-S", "-c", f"import os; os.fork(); {FILL}"])
    for _ in range(2):
        child.read_line(20)
    used = procfs.use(child.pid)
    assert used.tasks == 2
    assert (
        0 <= procfs.cpu_ns(child.pid) - used.cpu_ns < 50e6
    )  # after they have printed a line, they still have to begin to wait
    assert 2 * FILLED_BYTES <= used.resident_bytes <= used.peak_bytes < 4 * FILLED_BYTES


def test_cpu_time_of_children_is_added(supervisor: Supervisor) -> None:
    child = supervisor.start([sys.executable, "-S", "-c", "import os; os.fork()\n" + BURN.format(IN_PROGRAM)])
    for _ in range(2):
        child.read_line(60)
    used = procfs.use(child.pid)
    assert used.cpu_ns >= 2 * BURNED_SECONDS * 1e9
    assert used.user_ns > 0.7 * used.cpu_ns


def test_cpu_time_of_a_reaped_child_is_not_lost(supervisor: Supervisor) -> None:
    child = supervisor.start([sys.executable, "-S", "-c", REAPED])
    child.read_line(20)
    assert procfs.use(child.pid).cpu_ns >= BURNED_SECONDS * 0.9e9


def test_peak_outlasts_the_memory(supervisor: Supervisor) -> None:
    child = supervisor.start([sys.executable, "-S", "-c", PEAK])
    child.read_line(20)
    used = procfs.use(child.pid)
    assert used.peak_bytes - used.resident_bytes > FILLED_BYTES / 2


def test_involuntary_switches_are_counted(supervisor: Supervisor, eventually: Callable[..., None]) -> None:
    command = [sys.executable, "-S", "-c", COMPETE, str(min(os.sched_getaffinity(0)))]
    child, competitor = supervisor.start(command), supervisor.start(command)
    child.read_line(20)
    competitor.read_line(20)
    first = procfs.use(child.pid).involuntary_switches
    eventually(lambda: procfs.use(child.pid).involuntary_switches >= first + 10)


def test_cpu_time_of_an_orphan_counts_after_its_end(supervisor: Supervisor, eventually: Callable[..., None]) -> None:
    child = supervisor.start([sys.executable, "-S", "-c", ORPHANED])
    child.read_line(20)
    assert procfs.living_count(child.tree) == 2
    child.stdin.write(b"\n")
    eventually(lambda: procfs.members(child.tree) == [child.pid])
    used = procfs.use(child.tree)
    assert used.cpu_ns >= BURNED_SECONDS * 0.9e9
    assert used.user_ns + used.system_ns >= BURNED_SECONDS * 0.8e9


def test_clocks_are_read_last(supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def statuses(pid: int) -> list[bytes]:
        read.append("status")
        return []

    def clock_ns(clock: int) -> int:
        read.append("clock")
        return 5

    child = supervisor.start([sys.executable, "-S", "-c", FILL])
    child.read_line(20)
    monkeypatch.setattr(procfs, "_statuses", statuses)
    monkeypatch.setattr(time, "clock_gettime_ns", clock_ns)
    assert procfs.use(child.pid).cpu_ns == 5
    assert read == ["status", "clock"]


def test_process_that_ended_after_listing_has_used_nothing() -> None:
    with subprocess.Popen(["/bin/true"]) as ended:
        pass
    assert procfs.use_of({ended.pid: ["0"] * 50}, {}) == dataclasses.replace(NOTHING, processes=frozenset([ended.pid]))


def test_voluntary_switches_are_counted(supervisor: Supervisor) -> None:
    child = supervisor.start([sys.executable, "-S", "-c", SLEEP])
    child.read_line(20)
    first = procfs.use(child.pid)
    child.stdin.write(b"\n")
    child.read_line(20)
    assert SLEEPS <= procfs.use(child.pid).voluntary_switches - first.voluntary_switches <= SLEEPS + 20


def test_time_of_ended_threads_and_children_is_known(supervisor: Supervisor, eventually: Callable[..., None]) -> None:
    living, ended = (supervisor.start([sys.executable, "-S", "-c", program]) for program in (BURN, BURN_AND_END))
    for child in (living, ended):
        child.read_line(20)
    assert procfs.use(living.pid).ended_ns == 0
    eventually(lambda: procfs.use(ended.pid).tasks == 1)  # Python joins a thread shortly before the kernel ends it
    assert procfs.use(ended.pid).ended_ns >= BURNED_SECONDS * 1e9  # type: ignore[operator]


def test_process_that_nobody_traces_has_no_tracer(root: int) -> None:
    assert procfs.tracers(procfs.members(root)) == {0}


def test_thread_that_ended_after_listing_counts_nothing(root: int, monkeypatch: pytest.MonkeyPatch) -> None:
    before = procfs.use(root)
    listed = os.listdir
    monkeypatch.setattr(os, "listdir", lambda path: ["0", *listed(path)])
    assert procfs.use(root).involuntary_switches >= before.involuntary_switches


def test_unknown_process_has_used_nothing() -> None:
    assert procfs.use(2**22 + 1) == NOTHING


def test_process_may_have_any_name(supervisor: Supervisor) -> None:
    name = "open('/proc/self/comm', 'wb').write(b') \\xff\\n')"
    child = supervisor.start([sys.executable, "-S", "-c", f"{name}; print(flush=True); input()"])
    child.read_line(20)
    assert procfs.members(child.pid) == [child.pid]
    assert procfs.use(child.pid).resident_bytes


@pytest.mark.parametrize(("text", "ticks"), [("cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1 1 1 1 1 1 1 1 1 1\n", 8), (None, 0)])
def test_stolen_time_is_read_from_the_machine(
    text: str | None, ticks: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if text:
        (tmp_path / "stat").write_text(text)
    monkeypatch.setattr(procfs, "MACHINE", tmp_path / "stat")
    assert procfs.stolen_ns() == ticks * 1e9 / os.sysconf("SC_CLK_TCK")


def test_members_may_lead_a_session_of_their_own(supervisor: Supervisor) -> None:
    child = supervisor.start(["/bin/sh", "-c", "setsid sh -c 'echo $$; exec sleep 600' & wait"])
    pids = {child.pid, int(child.read_line(10) or "")}
    assert pids <= set(procfs.members(child.pid)) == set(procfs.members(child.tree))


def test_processes_of_a_guardian_are_no_members(supervisor: Supervisor) -> None:
    child = supervisor.start(["/bin/cat"])
    assert procfs.members(child.tree) == [child.pid]
    assert {supervisor._guardian.pid, child.tree}.isdisjoint(procfs.members(os.getpid()))
    assert child.pid in procfs.members(os.getpid())
