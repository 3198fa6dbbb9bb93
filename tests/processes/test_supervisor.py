"""The supervisor: what its children are started with, and that they end with it."""

import errno
import json
import os
import resource
import signal
import sys
import tempfile
from pathlib import Path

import pytest

from upecho.processes import keeper, orders
from upecho.processes.linux import procfs
from upecho.processes.supervisor import Supervisor
from upecho.support.errors import HarnessError

linux_only = pytest.mark.skipif(not procfs.AVAILABLE, reason="looks for processes in /proc")


def test_children_end_with_the_supervisor() -> None:
    with Supervisor() as supervisor:
        child = supervisor.start(["/bin/cat"])
        assert child.is_alive()
    assert child.wait(0) == -signal.SIGKILL


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
        keeper.start(json.loads(order[orders.SIZE_BYTES :]), list(map(os.dup, files)), supervisor._control)

    monkeypatch.setattr(supervisor, "_send", start_here)
    with pytest.raises(HarnessError, match=r"^cannot start a process: Resource temporarily unavailable$"):
        supervisor.start(["/bin/cat"])


@linux_only
def test_supervisor_leaves_children_of_another_alone(supervisor: Supervisor) -> None:
    child = supervisor.start(["/bin/cat"])
    with Supervisor():
        pass
    assert child.is_alive()


def test_temporary_files_are_in_the_private_directory(supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/no/such/directory")
    child = supervisor.start(["/bin/sh", "-c", "echo here >&2"])
    child.wait(10)
    assert child.stderr() == "here\n"


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


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="no processor affinity here")
def test_child_runs_on_its_core(supervisor: Supervisor) -> None:
    core = min(os.sched_getaffinity(0))
    child = supervisor.start([sys.executable, "-c", "import os; print(os.sched_getaffinity(0))"], [core])
    assert child.read_line(10) == f"{{{core}}}"


def test_missing_program_is_reported_by_the_gate(supervisor: Supervisor) -> None:
    child = supervisor.start(["/no/such/program"])
    assert child.wait(10) == 127
    assert "/no/such/program" in child.stderr()
