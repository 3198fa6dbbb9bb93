"""Processes below a process: those of a nested guardian end by themselves, others that bear its name are killed."""

import sys
from pathlib import Path

import pytest

from upecho.processes import child as child_module
from upecho.processes.linux.process_tree import AVAILABLE, GUARDIAN, descendants
from upecho.processes.supervisor import Supervisor

pytestmark = pytest.mark.skipif(not AVAILABLE, reason="looks into /proc")

IMPOSTOR = f"""
import os, pathlib, time
if os.fork() == 0:
    os.setsid()
    pathlib.Path("/proc/self/comm").write_text("{GUARDIAN}")
    print(os.getpid(), flush=True)
    time.sleep(600)
time.sleep(600)
"""


def test_process_that_bears_the_name_of_a_guardian_is_killed_later(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child_module, "GUARDIAN_SECONDS", 0.3)
    child = supervisor.start([sys.executable, "-S", "-c", IMPOSTOR])
    impostor = int(child.read_line(20) or 0)
    assert set(descendants(child.tree)) == {child.pid}
    assert set(descendants(child.tree, with_guardians=True)) == {child.pid, impostor}
    child.kill()
    assert not Path(f"/proc/{impostor}").exists()


def test_process_that_bears_the_name_of_a_guardian_ends_with_the_harness() -> None:
    with Supervisor() as supervisor:
        child = supervisor.start([sys.executable, "-S", "-c", IMPOSTOR])
        impostor = int(child.read_line(20) or 0)
        supervisor._children.clear()  # as if the harness had been killed: the guardian ends them all
    assert not Path(f"/proc/{impostor}").exists()
    child.close()
