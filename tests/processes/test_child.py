"""A child process: its output, its end, and the end of everything that descends from it."""

import os
import signal
import sys
from collections.abc import Callable

import pytest

from tests.killable import has_ended
from tests.processes.commands import BECOME_DAEMON
from upecho.processes import child as child_module
from upecho.processes.child import LONGEST_STDERR_BYTES
from upecho.processes.linux import procfs
from upecho.processes.stderr_spool import CHUNK_BYTES, MAX_BYTES, TAIL_BYTES
from upecho.processes.supervisor import Supervisor
from upecho.support.errors import HarnessError

Eventually = Callable[[Callable[[], object]], None]
linux_only = pytest.mark.skipif(not procfs.AVAILABLE, reason="looks for processes in /proc")


def test_lines_are_read_one_by_one(supervisor: Supervisor) -> None:
    child = supervisor.start(["/bin/sh", "-c", r"printf 'one\ntwo\377\nrest'"])
    assert [child.read_line(10) for _ in range(3)] == ["one", "two\udcff", None]


def test_read_line_times_out(supervisor: Supervisor) -> None:
    assert supervisor.start(["/bin/cat"]).read_line(0.01) is None


def test_endless_line_times_out(supervisor: Supervisor) -> None:
    child = supervisor.start(["/bin/sh", "-c", "exec cat /dev/zero"])
    assert child.read_line(0.2) is None


def test_stderr_can_be_read(supervisor: Supervisor) -> None:
    child = supervisor.start(["/bin/sh", "-c", "echo trouble >&2; exit 3"])
    assert child.wait(10) == 3
    assert child.stderr() == "trouble\n"


def test_part_of_stderr_can_be_read(supervisor: Supervisor) -> None:
    child = supervisor.start(["/bin/sh", "-c", "printf 'one two three' >&2"])
    child.wait(10)
    assert child.stderr_bytes() == len("one two three")
    assert (child.stderr(4), child.stderr(4, 7), child.stderr(4, 4)) == ("two three", "two", "")


def test_end_of_long_stderr_can_be_read(supervisor: Supervisor) -> None:
    child = supervisor.start(["/bin/sh", "-c", "head -c 200000 /dev/zero >&2; printf end >&2"])
    child.wait(10)
    said = child.stderr()
    assert (len(said), said[-4:]) == (LONGEST_STDERR_BYTES, "\0end")
    assert child.stderr(LONGEST_STDERR_BYTES, LONGEST_STDERR_BYTES + 2) == "\0\0"


def test_endless_stderr_does_not_fill_the_disk(supervisor: Supervisor) -> None:
    size = 4 * MAX_BYTES
    child = supervisor.start(["/bin/sh", "-c", f"head -c {size} /dev/zero >&2; printf one >&2; read -r more; echo >&2"])
    on_disk = []
    while child.stderr_bytes() < size + 3:
        on_disk.append(os.fstat(child._spool.fileno()).st_blocks * 512)
    assert max(on_disk) <= MAX_BYTES + TAIL_BYTES + CHUNK_BYTES
    assert child.stderr()[-4:] == "\0one"
    child.stdin.write(b"\n")
    child.wait(10)
    assert child.stderr(size) == "one\n"


def test_stderr_goes_on_although_the_harness_does_not_look(supervisor: Supervisor) -> None:
    child = supervisor.start(["/bin/sh", "-c", f"head -c {MAX_BYTES} /dev/zero >&2; exit 3"])
    assert child.wait(20) == 3


def test_stderr_of_a_process_that_outlives_the_child_goes_on(supervisor: Supervisor) -> None:
    later = f"(read -r more; head -c {MAX_BYTES} /dev/zero >&2; printf later >&2; echo) <&3 &"
    child = supervisor.start(["/bin/sh", "-c", f"exec 3<&0; {later} exit 3"])
    assert child.wait(20) == 3
    child.stdin.write(b"\n")
    assert child.read_line(20) == ""
    assert child.stderr_bytes() == MAX_BYTES + len("later")


def test_program_that_has_closed_its_stderr_runs_on(supervisor: Supervisor) -> None:
    child = supervisor.start(["/bin/sh", "-c", "exec 2>&-; echo; read -r more; exit 3"])
    assert child.read_line(20) == ""
    child.stdin.write(b"\n")
    assert (child.wait(20), child.stderr()) == (3, "")


def test_reading_stderr_does_not_disturb_the_child(supervisor: Supervisor) -> None:
    child = supervisor.start(["/bin/sh", "-c", "printf one >&2; echo; read -r more; printf two >&2"])
    child.read_line(10)
    assert child.stderr(0, 1) == "o"
    child.stdin.write(b"\n")
    child.wait(10)
    assert child.stderr() == "onetwo"


def test_running_child_has_no_status(supervisor: Supervisor) -> None:
    assert supervisor.start(["/bin/cat"]).wait(0) is None


@linux_only
def test_descendants_have_ended_when_the_child_is_killed(supervisor: Supervisor) -> None:
    child = supervisor.start(["/bin/sh", "-c", f"sleep 600 & echo $!; {BECOME_DAEMON}; wait"])
    pids = [int(child.read_line(10) or "") for _ in range(2)]
    child.kill()
    assert all(map(has_ended, [*pids, child.pid]))
    assert child.wait(0) == -signal.SIGKILL


@linux_only
def test_daemon_ends_with_a_child_that_has_ended_before(supervisor: Supervisor) -> None:
    child = supervisor.start(["/bin/sh", "-c", f"{BECOME_DAEMON}; exit 3"])
    daemon = int(child.read_line(10) or "")
    assert child.wait(10) == 3
    assert not has_ended(daemon)
    child.close()
    assert has_ended(daemon)
    assert child.wait(0) == 3


@linux_only
def test_processes_that_start_others_are_killed_all_the_same(supervisor: Supervisor) -> None:
    code = "import os, time\nfor _ in range(4000): os.fork() and (time.sleep(0.002), os._exit(0)); os.setsid()"
    child = supervisor.start([sys.executable, "-S", "-c", f"print(flush=True)\n{code}"])
    child.read_line(10)
    child.kill()
    assert procfs.members(child.tree) == []


@linux_only
def test_process_that_cannot_be_killed_is_a_harness_error(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = supervisor.start(["/bin/cat"])
    with monkeypatch.context() as patch:
        patch.setattr(child_module, "KILL_SECONDS", 0.1)
        patch.setattr(os, "kill", refuse)
        patch.setattr(os, "killpg", refuse)
        with pytest.raises(HarnessError, match=f"cannot kill a process that was started: process {child.pid} does"):
            child.kill()
    assert child.is_alive()
    child.kill()
    assert not child.is_alive()


def refuse(pid: int, number: int) -> None:
    raise PermissionError


@linux_only
def test_orphans_are_waited_for_and_counted_for_their_own_child(supervisor: Supervisor, eventually: Eventually) -> None:
    first, second = (supervisor.start(["/bin/sh", "-c", f"{BECOME_DAEMON}; exec cat"]) for _ in range(2))
    daemons = [int(child.read_line(10) or "") for child in (first, second)]
    expected = [{child.pid, daemon} for child, daemon in zip((first, second), daemons, strict=True)]
    # The process that started a daemon may end after the daemon has written its line.
    eventually(lambda: [set(procfs.members(child.tree)) for child in (first, second)] == expected)
    os.kill(daemons[0], signal.SIGKILL)
    eventually(lambda: procfs.members(first.tree) == [first.pid])  # a zombie would be a member
    assert len(procfs.members(second.tree)) == 2


def test_end_of_a_group_is_waited_for_where_its_keeper_cannot_tell(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child_module, "AVAILABLE", False)
    looks = [False, True, True]  # the last one first
    monkeypatch.setattr(child_module, "_has_processes", lambda _: bool(looks) and looks.pop())
    supervisor.start(["true"]).kill()
    assert not looks


def test_group_without_processes_has_ended(supervisor: Supervisor) -> None:
    child = supervisor.start(["sleep", "100"])
    assert child_module._has_processes(child.pid)
    child.kill()
    assert not child_module._has_processes(child.pid)
