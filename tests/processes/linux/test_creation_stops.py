"""Stopping a process at the moment at which it creates a file."""

import signal
import sys
from pathlib import Path

import pytest

from upecho.processes.child import Child
from upecho.processes.linux import process_tree
from upecho.processes.linux.creation_stops import stopping_at_creation
from upecho.processes.supervisor import Supervisor

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs dnotify, which only Linux has")

# Creates a file under a name, renames it, and changes its permissions at once each time.
PROGRAM = """
import os, sys
os.chdir(sys.argv[1])
for name in sys.argv[2:]:
    os.close(os.open(name, os.O_CREAT | os.O_WRONLY, 0o640))
    os.chmod(name, 0o600)
    os.rename(name, name + "-renamed")
    os.chmod(name + "-renamed", 0o400)
print("created", flush=True)
sys.stdin.read()
"""


def start(supervisor: Supervisor, prefix: list[str], directory: Path, names: str = "") -> Child:
    return supervisor.start([*prefix, sys.executable, "-S", "-c", PROGRAM, str(directory), *names])


def test_process_is_stopped_at_each_creation_and_renaming(supervisor: Supervisor, tmp_path: Path) -> None:
    watched = tmp_path / "watched"
    watched.mkdir()
    seen: list[dict[str, int]] = []

    def look() -> None:
        seen.append({path.name: path.stat().st_mode & 0o777 for path in watched.iterdir()})

    with stopping_at_creation(watched, tmp_path / "pid", look) as prefix:
        child = start(supervisor, prefix, watched, "ab")
        assert child.read_line(20) == "created"
    assert seen == [
        {"a": 0o640},
        {"a-renamed": 0o600},
        {"a-renamed": 0o400, "b": 0o640},
        {"a-renamed": 0o400, "b-renamed": 0o600},
    ]


def test_nothing_is_stopped_where_processes_cannot_be_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_tree, "AVAILABLE", False)
    with stopping_at_creation(tmp_path, tmp_path / "pid", lambda: None) as prefix:
        assert prefix == []


def test_process_runs_on_after_the_watch(supervisor: Supervisor, tmp_path: Path) -> None:
    watched = tmp_path / "watched"
    watched.mkdir()
    seen: list[None] = []
    with stopping_at_creation(watched, tmp_path / "pid", lambda: seen.append(None)) as prefix:
        child = start(supervisor, prefix, watched)
        assert child.read_line(20) == "created"
    (watched / "late").touch()
    assert child.is_alive()
    child.send_signal(signal.SIGTERM)  # which has no effect on a stopped process
    assert (child.wait(20), seen) == (-signal.SIGTERM, [])


def test_program_that_does_not_start_delays_nothing(tmp_path: Path) -> None:
    with stopping_at_creation(tmp_path, tmp_path / "pid", lambda: None) as prefix:
        assert prefix[0] == "/bin/sh"


def test_exit_status_of_a_program_that_creates_nothing_is_kept(supervisor: Supervisor, tmp_path: Path) -> None:
    with stopping_at_creation(tmp_path, tmp_path.with_suffix(".pid"), lambda: None) as prefix:
        assert supervisor.start([*prefix, "sh", "-c", "exit 7"]).wait(20) == 7
