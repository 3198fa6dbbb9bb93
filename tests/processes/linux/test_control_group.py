"""Control groups: their CPU time and processes, in both versions."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from upecho.processes.linux import control_group
from upecho.processes.linux.control_group import GroupTime
from upecho.processes.linux.scope import Scope
from upecho.processes.supervisor import Supervisor

TICK_NS = control_group.TICK_NS
BURNED_SECONDS = 0.3
# Starts a process that loses its parent and burns CPU time; ends with it.
BURN = f"""
import os, sys, time
sys.stdin.readline()
if os.fork() == 0:
    while time.process_time() < {BURNED_SECONDS}:
        pass
    os._exit(0)
os.wait()
print(flush=True)
sys.stdin.readline()
"""


@pytest.mark.once
@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"cpu.stat": "usage_usec 9\nuser_usec 5\nsystem_usec 4\n"}, GroupTime(9000, 5000, 4000)),
        (
            {"cpuacct.usage": "123456789\n", "cpuacct.stat": "user 7\nsystem 3\n", "cpu.stat": "nr_periods 0\n"},
            GroupTime(123456789, 7 * TICK_NS, 3 * TICK_NS),
        ),
    ],
    ids=["version 2", "version 1"],
)
def test_times_and_processes_are_read(files: dict[str, str], expected: GroupTime, tmp_path: Path) -> None:
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    assert control_group.find(str(tmp_path)) is None, "it has no list of processes"
    (tmp_path / "cgroup.procs").write_text("12\n34\n")
    (tmp_path / "below").mkdir()
    (tmp_path / "below/cgroup.procs").write_text("56\n")
    assert control_group.find(str(tmp_path)) == tmp_path
    assert control_group.time_used(tmp_path) == expected
    assert control_group.members(tmp_path) == [12, 34, 56]


@pytest.mark.once
@pytest.mark.parametrize("content", ["nr_periods 0\n", "rubbish"], ids=["no time", "not a file of numbers"])
def test_directory_that_counts_no_cpu_time_is_no_group(content: str, tmp_path: Path) -> None:
    (tmp_path / "cgroup.procs").write_text("")
    (tmp_path / "cpu.stat").write_text(content)
    assert control_group.find(str(tmp_path)) is None


@pytest.mark.once
def test_path_may_begin_below_the_usual_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control_group, "ROOT", tmp_path)
    group = tmp_path / "cpuacct/a.slice/b"
    group.mkdir(parents=True)
    for name, content in {"cpuacct.usage": "1", "cpuacct.stat": "user 0\nsystem 0", "cgroup.procs": ""}.items():
        (group / name).write_text(content)
    assert control_group.find("a.slice/b") == control_group.find("/a.slice/b") == group
    assert control_group.find("a.slice/c") is None


@pytest.fixture
def group() -> Iterator[Path]:
    """A new control group, below the one of this process in no hierarchy."""
    for place in control_group.PLACES:
        directory = control_group.ROOT / place / f"upecho-test-{os.getpid()}"
        with contextlib.suppress(OSError):
            directory.mkdir()
            if control_group.find(str(directory)):
                yield directory
                directory.rmdir()
                return
            directory.rmdir()
    pytest.skip("no control group can be made here")


def test_cpu_time_of_processes_that_ended_counts(
    group: Path, supervisor: Supervisor, eventually: Callable[..., None]
) -> None:
    child = supervisor.start([sys.executable, "-S", "-c", BURN])
    try:
        (group / "cgroup.procs").write_text(str(child.pid))
    except OSError as error:
        child.close()
        pytest.skip(f"no process can be moved to another control group here: {error}")
    scope = Scope(group=str(group))
    assert scope.members() == [child.pid]
    before = scope.use()
    child.stdin.write(b"\n")
    child.read_line(60)
    after = scope.use()
    child.close()
    assert after.cpu_ns - before.cpu_ns >= BURNED_SECONDS * 0.9e9
    assert before.resident_bytes > 0
    eventually(lambda: not scope.members())
