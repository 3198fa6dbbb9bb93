"""Counters of the kernel, tried with an event of software, because virtual machines have no counters of hardware."""

import errno
import os
import sys
from pathlib import Path

import pytest

from upecho.processes.counting.kernel import Kernel
from upecho.processes.linux import kernel_counters, procfs
from upecho.processes.linux.kernel_counters import (
    INSTRUCTIONS,
    SOFTWARE,
    Event,
    KernelCounters,
    expect_available,
)
from upecho.processes.server_process import Launch
from upecho.processes.starting import start_server
from upecho.processes.supervisor import Supervisor
from upecho.serving.target import Target
from upecho.support.errors import HarnessError, Unavailable

PAGE_FAULTS = Event("page faults", SOFTWARE, 2)
MISSING = Event("no such event", SOFTWARE, 999)

# Touches 500 pages when it is told to, in a child and in a thread of it.
TOUCH = """
import os, sys, threading
def touch():
    thread = threading.Thread(target=lambda: bytearray(b"x") * (500 * 4096))
    thread.start()
    thread.join()
print("ready", flush=True)
sys.stdin.readline()
child = os.fork()
if child == 0:
    touch()
    os._exit(0)
os.waitpid(child, 0)
print("done", flush=True)
sys.stdin.readline()
"""


def is_available(event: Event) -> bool:
    try:
        expect_available(event)
    except Unavailable:
        return False
    return True


kernel_only = pytest.mark.skipif(not is_available(PAGE_FAULTS), reason="the kernel counts nothing for this user")


@kernel_only
def test_what_is_started_later_counts_also_after_its_end(supervisor: Supervisor) -> None:
    child = supervisor.start([sys.executable, "-c", TOUCH])
    assert child.read_line(60) == "ready"
    with KernelCounters(PAGE_FAULTS, [child.pid]) as counters:
        assert counters.total() == 0
        child.stdin.write(b"\n")
        assert child.read_line(60) == "done"
        assert counters.total() >= 500
        child.kill()
        assert counters.total() >= 500


@kernel_only
def test_server_is_counted_from_the_moment_it_is_attached(supervisor: Supervisor) -> None:
    with Kernel(PAGE_FAULTS).count(supervisor.directory) as count:
        launch = Launch(Target.implementation("selectors"), supervisor_address(supervisor), prefix=count.prefix)
        with start_server(supervisor, launch) as server:
            count.attach(server)
            assert server.stop() == 0
        assert count.total() > 0


def supervisor_address(supervisor: Supervisor) -> str:
    return f"unix:{supervisor.directory}/s"


@kernel_only
def test_counters_are_closed(supervisor: Supervisor) -> None:
    child = supervisor.start(["/bin/cat"])
    before = set(Path("/proc/self/fd").iterdir())
    counters = KernelCounters(PAGE_FAULTS, [child.pid])
    assert set(Path("/proc/self/fd").iterdir()) != before
    counters.close()
    counters.close()
    assert set(Path("/proc/self/fd").iterdir()) == before


@kernel_only
def test_event_that_the_kernel_does_not_know_is_unavailable() -> None:
    with pytest.raises(Unavailable, match=r"^the kernel's counter of no such event is unavailable here: "):
        expect_available(MISSING)


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.EACCES, "this user may not count that; sysctl kernel.perf_event_paranoid=2 permits it, and a container"),
        (errno.EPERM, "this user may not count that; "),
        (errno.ENOENT, "this machine has no such counter, as is usual for virtual machines"),
        (errno.ENOSYS, "Function not implemented"),
    ],
)
def test_reason_why_the_kernel_refuses_is_reported(number: int, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(kernel_counters, "_open", refuse)
    with pytest.raises(Unavailable) as raised:
        expect_available(INSTRUCTIONS)
    assert str(raised.value).startswith(f"the kernel's counter of instructions is unavailable here: {reason}")


def test_counter_that_lost_its_place_in_the_hardware_is_an_error(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (directory / "empty").write_text("")
    monkeypatch.setattr(kernel_counters, "_open", lambda *_: os.open(directory / "empty", os.O_RDONLY))
    monkeypatch.setattr(procfs, "thread_ids", lambda _: [1])
    with (
        KernelCounters(INSTRUCTIONS, [1]) as counters,
        pytest.raises(HarnessError, match=r"^no hardware counter for instructions: another program uses it$"),
    ):
        counters.total()
