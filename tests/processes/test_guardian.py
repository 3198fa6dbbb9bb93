"""The guardian: however a harness ends, none of its processes and no file is left behind."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.killable import Harness, has_ended
from tests.processes.commands import BECOME_DAEMON
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

DAEMON = f"""
import sys
from upecho.processes.supervisor import Supervisor
with Supervisor() as supervisor:
    child = supervisor.start(["/bin/sh", "-c", {BECOME_DAEMON!r}])
    print(child.read_line(10), child.wait(10), flush=True)
    sys.stdin.read()
"""

FLOODED = """
import sys
from upecho.processes.supervisor import Supervisor
with Supervisor() as supervisor:
    supervisor.start(["/bin/sh", "-c", "echo; exec cat /dev/zero >&2"]).read_line(10)
    print(flush=True)
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
@pytest.mark.parametrize("killed", [False, True])
def test_program_that_floods_stderr_ends_with_the_supervisor(
    directory: Path, eventually: Eventually, killed: bool
) -> None:
    with Harness(directory, sys.executable, "-c", FLOODED) as harness:
        assert harness.popen.stdout
        assert harness.popen.stdout.readline() == b"\n"
        if killed:
            harness.kill()
        harness.popen.communicate()
    eventually(lambda: not harness.left_behind())


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


def test_killed_guardian_is_a_harness_error(eventually: Eventually) -> None:
    with Supervisor() as supervisor:
        child = supervisor.start(["/bin/cat"])
        supervisor._guardian.kill()
        supervisor._guardian.wait()
        with pytest.raises(HarnessError, match="guardian process was killed; without it"):
            supervisor.start(["/bin/cat"])
    assert not child.is_alive()
    assert not supervisor.directory.exists()


def test_guardian_ignores_signals(eventually: Eventually) -> None:
    with Supervisor() as supervisor:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            supervisor._guardian.send_signal(number)
        assert supervisor.start(["/bin/cat"]).is_alive()
        directory = supervisor.directory
    assert supervisor._guardian.returncode == 0
    assert not directory.exists()


def test_directory_is_private_and_removed() -> None:
    with Supervisor() as supervisor:
        assert supervisor.directory.stat().st_mode & 0o777 == 0o700
        (supervisor.directory / "s").touch()
    assert not supervisor.directory.exists()


def test_directory_in_that_of_another_guardian_is_removed_by_either() -> None:
    with Supervisor() as outer:
        with Supervisor(parent=str(outer.directory)) as inner:
            assert inner.directory.parent == outer.directory
        assert not inner.directory.exists()
        with Supervisor(parent=str(outer.directory)) as inner:
            outer.__exit__()
            assert not inner.directory.exists()


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
