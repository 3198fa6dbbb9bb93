"""Child processes: their output, their end, and that a killed harness leaves none of them behind."""

import errno
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.killable import Harness
from upecho.processes import child as child_module
from upecho.processes import guardian
from upecho.processes.child import LONGEST_STDERR_BYTES, MAX_STDERR_BYTES
from upecho.processes.linux import procfs
from upecho.processes.supervisor import Supervisor
from upecho.support.errors import HarnessError

Eventually = Callable[[Callable[[], object]], None]
linux_only = pytest.mark.skipif(not procfs.AVAILABLE, reason="looks for processes in /proc")

HARNESS = """
import sys
from upecho.processes.supervisor import Supervisor
from upecho.processes.server_process import Launch
from upecho.processes.starting import start_server
from upecho.serving.target import Target
with Supervisor() as supervisor:
    print("directory", flush=True)
    for number, name in enumerate(sys.argv[1:]):
        start_server(supervisor, Launch(Target.implementation(name), f"unix:{supervisor.directory}/{number}"))
    print("ready", flush=True)
    sys.stdin.read()
"""

# Starts a daemon that leaves its session, clears its environment and loses its parent.
BECOME_DAEMON = "setsid -f env -i sh -c 'echo $$; exec sleep 600'"
DAEMON = f"""
import sys
from upecho.processes.supervisor import Supervisor
with Supervisor() as supervisor:
    child = supervisor.start(["/bin/sh", "-c", {BECOME_DAEMON!r}])
    print(child.read_line(10), child.wait(10), flush=True)
    sys.stdin.read()
"""

NESTED = f"""
import sys
from upecho.processes.supervisor import Supervisor
inner = {HARNESS!r}
with Supervisor() as supervisor:
    child = supervisor.start([sys.executable, "-c", inner, "threads"])
    while (line := child.read_line(30)) != "ready":
        assert line
    print(line, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def harness(directory: Path) -> Iterator[Harness]:
    with Harness(directory, sys.executable, "-c", HARNESS, "threads", "prefork") as harness:
        yield harness


@linux_only
@pytest.mark.parametrize("word", ["", "directory", "ready"])
def test_killed_harness_leaves_nothing_behind(harness: Harness, eventually: Eventually, word: str) -> None:
    assert harness.popen.stdout
    while word and harness.popen.stdout.readline() != f"{word}\n".encode():
        pass
    if word == "ready":
        eventually(lambda: len(harness.survivors()) >= 6)  # the harness, its guardian, two servers, two workers
    harness.kill()
    eventually(lambda: not harness.left_behind())


@linux_only
@pytest.mark.parametrize("milliseconds", range(20, 320, 30))
def test_harness_killed_at_any_moment_leaves_nothing_behind(
    harness: Harness, eventually: Eventually, milliseconds: int
) -> None:
    try:
        harness.popen.wait(milliseconds / 1000)
    except subprocess.TimeoutExpired:
        harness.kill()
    eventually(lambda: not harness.left_behind())


@linux_only
def test_harness_that_ends_leaves_nothing_behind(harness: Harness) -> None:
    harness.popen.communicate()
    assert harness.popen.returncode == 0
    assert harness.left_behind() == []


def test_killed_guardian_is_a_harness_error(eventually: Eventually) -> None:
    with Supervisor() as supervisor:
        child = supervisor.start(["/bin/cat"])
        supervisor._guardian.kill()
        supervisor._guardian.wait()
        with pytest.raises(HarnessError, match="guardian process was killed; without it"):
            supervisor.start(["/bin/cat"])
    assert not child.is_alive()
    assert not supervisor.directory.exists()


def test_directory_is_private_and_removed() -> None:
    with Supervisor() as supervisor:
        assert supervisor.directory.stat().st_mode & 0o777 == 0o700
        (supervisor.directory / "s").touch()
    assert not supervisor.directory.exists()


def test_children_end_with_the_supervisor() -> None:
    with Supervisor() as supervisor:
        child = supervisor.start(["/bin/cat"])
        assert child.is_alive()
    assert child.wait(0) == -signal.SIGKILL


def has_ended(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


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
@pytest.mark.parametrize("killed", [False, True])
def test_daemons_end_with_the_supervisor(directory: Path, eventually: Eventually, killed: bool) -> None:
    with Harness(directory, sys.executable, "-c", DAEMON) as harness:
        assert harness.popen.stdout
        daemon, status = map(int, harness.popen.stdout.readline().split())
        assert (status, has_ended(daemon)) == (0, False)
        if killed:
            harness.kill()
        harness.popen.communicate()
    eventually(lambda: has_ended(daemon) and not harness.left_behind())


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
    assert [sorted(procfs.members(child.tree)) for child in (first, second)] == [
        sorted([child.pid, daemon]) for child, daemon in zip((first, second), daemons, strict=True)
    ]
    os.kill(daemons[0], signal.SIGKILL)
    eventually(lambda: procfs.members(first.tree) == [first.pid])  # a zombie would be a member
    assert len(procfs.members(second.tree)) == 2


SIGNALS = """
import signal
print(signal.pthread_sigmask(signal.SIG_BLOCK, []))
print([number for number in signal.valid_signals() if signal.getsignal(number) is signal.SIG_IGN])
"""


def test_signals_that_are_blocked_or_ignored_here_are_not_in_a_child() -> None:
    ignored = [signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1]
    before = {number: signal.signal(number, signal.SIG_IGN) for number in ignored}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGUSR2])
    try:
        with Supervisor() as supervisor:
            child = supervisor.start([sys.executable, "-c", SIGNALS])
            assert child.read_line(10) == "set()"
            # Python itself ignores these.
            assert child.read_line(10) == str([signal.SIGPIPE, signal.SIGXFSZ])
            assert child.wait(10) == 0
            directory = supervisor.directory
        assert not directory.exists()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for number, handler in before.items():
            signal.signal(number, handler)


def test_child_has_the_directory_environment_and_umask_of_this_process(
    supervisor: Supervisor, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(directory)
    monkeypatch.setenv("UPECHO_ODD", "\udcff \n")
    (directory / "script").write_text('umask; pwd; printf \'%s\' "$UPECHO_ODD"; echo .; echo "$1"\n')  # without #!
    (directory / "script").chmod(0o755)
    before = os.umask(0o026)
    try:
        child = supervisor.start(["./script", "\udcfe"])
    finally:
        os.umask(before)
    assert [child.read_line(10) for _ in range(5)] == ["0026", str(directory), "\udcff ", ".", "\udcfe"]


def test_umask_of_a_child_can_be_set(supervisor: Supervisor) -> None:
    assert supervisor.start(["/bin/sh", "-c", "umask"], umask=0o031).read_line(10) == "0031"
    assert supervisor.start(["/bin/sh", "-c", "umask"], umask=0).read_line(10) == "0000"


def test_failed_fork_is_a_harness_error(supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    def fork() -> int:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    def start_here(order: bytes, files: list[int]) -> None:
        monkeypatch.setattr(os, "fork", fork)
        guardian._start(json.loads(order[guardian.SIZE_BYTES :]), [os.dup(files[0])], supervisor._control)

    monkeypatch.setattr(supervisor, "_send", start_here)
    with pytest.raises(HarnessError, match=r"^cannot start a process: Resource temporarily unavailable$"):
        supervisor.start(["/bin/cat"])


@linux_only
def test_supervisor_leaves_children_of_another_alone(supervisor: Supervisor) -> None:
    child = supervisor.start(["/bin/cat"])
    with Supervisor():
        pass
    assert child.is_alive()


@linux_only
@pytest.mark.parametrize("killed", [False, True])
def test_guardian_of_an_inner_supervisor_cleans_up(directory: Path, eventually: Eventually, killed: bool) -> None:
    with Harness(directory, sys.executable, "-c", NESTED) as harness:
        assert harness.popen.stdout
        assert harness.popen.stdout.readline() == b"ready\n"
        assert len(list(directory.iterdir())) == 2
        if killed:
            harness.kill()
        harness.popen.communicate()
    eventually(lambda: not harness.left_behind())


def test_temporary_files_are_in_the_private_directory(supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/no/such/directory")
    child = supervisor.start(["/bin/sh", "-c", "echo here >&2"])
    child.wait(10)
    assert child.stderr() == "here\n"


def test_lines_are_read_one_by_one(supervisor: Supervisor) -> None:
    child = supervisor.start(["/bin/sh", "-c", r"printf 'one\ntwo\377\nrest'"])
    assert [child.read_line(10) for _ in range(3)] == ["one", "two\udcff", None]


def test_read_line_times_out(supervisor: Supervisor) -> None:
    assert supervisor.start(["/bin/cat"]).read_line(0.01) is None


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


def test_endless_stderr_does_not_fill_the_disk(supervisor: Supervisor, eventually: Eventually) -> None:
    size = 4 * MAX_STDERR_BYTES
    child = supervisor.start(["/bin/sh", "-c", f"head -c {size} /dev/zero >&2; printf one >&2; read -r more; echo >&2"])
    eventually(lambda: child.stderr_bytes() == size + 3)
    eventually(lambda: os.fstat(child._stderr.fileno()).st_blocks * 512 <= MAX_STDERR_BYTES)
    assert child.stderr()[-4:] == "\0one"
    child.stdin.write(b"\n")
    child.wait(10)
    assert child.stderr(size) == "one\n"


def test_reading_stderr_does_not_disturb_the_child(supervisor: Supervisor) -> None:
    child = supervisor.start(["/bin/sh", "-c", "printf one >&2; echo; read -r more; printf two >&2"])
    child.read_line(10)
    assert child.stderr(0, 1) == "o"
    child.stdin.write(b"\n")
    child.wait(10)
    assert child.stderr() == "onetwo"


def test_descriptor_limit_is_set(supervisor: Supervisor) -> None:
    limits = [sys.executable, "-c", "import resource; print(resource.getrlimit(resource.RLIMIT_NOFILE))"]
    assert supervisor.start(limits, descriptors=64).read_line(10) == "(64, 64)"
    ours = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert supervisor.start(limits).read_line(10) == str(ours)


def test_descriptor_limit_above_the_hard_limit_is_a_harness_error(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (50, 50))
    with pytest.raises(HarnessError, match="a process that needs 64: a process may open 50 here"):
        supervisor.start(["/bin/cat"], descriptors=64)
    assert supervisor.start(["/bin/cat"], descriptors=50).is_alive()


def test_muted_child_may_print_anything(supervisor: Supervisor) -> None:
    child = supervisor.start(["/bin/sh", "-c", "head -c 200000 /dev/zero"], mute=True)
    assert child.wait(10) == 0
    assert child.read_line(10) is None


def test_running_child_has_no_status(supervisor: Supervisor) -> None:
    assert supervisor.start(["/bin/cat"]).wait(0) is None


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="no processor affinity here")
def test_child_runs_on_its_core(supervisor: Supervisor) -> None:
    core = min(os.sched_getaffinity(0))
    child = supervisor.start([sys.executable, "-c", "import os; print(os.sched_getaffinity(0))"], [core])
    assert child.read_line(10) == f"{{{core}}}"


def test_missing_program_is_reported_by_the_gate(supervisor: Supervisor) -> None:
    child = supervisor.start(["/no/such/program"])
    assert child.wait(10) == 127
    assert "/no/such/program" in child.stderr()


def test_endless_line_times_out(supervisor: Supervisor) -> None:
    child = supervisor.start(["/bin/sh", "-c", "exec cat /dev/zero"])
    assert child.read_line(0.2) is None


def test_guardian_ignores_signals(eventually: Eventually) -> None:
    with Supervisor() as supervisor:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            supervisor._guardian.send_signal(number)
        assert supervisor.start(["/bin/cat"]).is_alive()
        directory = supervisor.directory
    assert supervisor._guardian.returncode == 0
    assert not directory.exists()


@pytest.mark.parametrize("name", ["new\nline", "x" * 80])
def test_unsuitable_tmpdir_is_not_used(directory: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    odd = directory / name
    odd.mkdir()
    (odd.parent / name.partition("\n")[0]).mkdir(exist_ok=True)
    monkeypatch.setenv("TMPDIR", str(odd))
    before = sorted(directory.rglob("*"))
    with Supervisor() as supervisor:
        assert odd not in supervisor.directory.parents
    assert sorted(directory.rglob("*")) == before
