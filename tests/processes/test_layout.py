"""The memory layout of a process, which must not depend on how long its arguments are."""

import os
import sys
import sysconfig
from pathlib import Path

import pytest

from upecho.processes.layout import environment
from upecho.processes.linux import procfs
from upecho.processes.supervisor import Supervisor

# The start of the stack (proc(5)), a hash, and the address of the name of an attribute. In a free-threaded Python,
# mimalloc chooses the last one at random.
ADDRESS = "" if sysconfig.get_config_var("Py_GIL_DISABLED") else "id(sys.intern('no_such_attribute'))"
SHOW = f"""
import sys
stat = open('/proc/self/stat').read().rpartition(')')[2].split()
print(stat[25], hash('upecho'), {ADDRESS})
"""

layouts_only = pytest.mark.skipif(not procfs.AVAILABLE, reason="reads the start of a stack in /proc")


def shown(supervisor: Supervisor, program: list[str], layout: int | None) -> list[str]:
    child = supervisor.start(program, layout=layout)
    line = child.read_line(60)
    assert line is not None, child.stderr()
    assert child.wait(60) == 0
    return line.split()


@layouts_only
def test_processes_of_one_layout_are_alike_and_those_of_another_differ(supervisor: Supervisor) -> None:
    program = [sys.executable, "-S", "-c", SHOW]
    first = shown(supervisor, program, 1)
    assert shown(supervisor, program, 1) == first
    assert all(one != other for one, other in zip(first, shown(supervisor, program, 2), strict=True))


@layouts_only
def test_length_of_the_arguments_does_not_move_the_stack(supervisor: Supervisor) -> None:
    program = [sys.executable, "-S", "-c", SHOW]
    stack, *_ = shown(supervisor, program, 1)
    assert shown(supervisor, [*program, "x" * 999, "y"], 1)[0] == stack


@layouts_only
def test_path_of_the_program_does_not_move_the_stack(supervisor: Supervisor, directory: Path) -> None:
    (directory / "a-rather-long-name").symlink_to("/bin/cat")
    starts = set()
    for program in ("cat", "/bin/cat", str(directory / "a-rather-long-name")):
        child = supervisor.start([program, "/proc/self/stat"], layout=1)
        line = child.read_line(60)
        assert line is not None
        starts.add(line.rpartition(")")[2].split()[25])
    assert len(starts) == 1


def test_environment_of_an_outer_layout_is_replaced() -> None:
    outer = environment({"A": "b"}, ["x"], 5)
    assert environment(outer, ["x"], 6) == environment({"A": "b"}, ["x"], 6)
    assert outer["A"] == "b"


def test_arguments_that_are_too_long_are_not_made_up_for(supervisor: Supervisor) -> None:
    assert supervisor.start(["/bin/echo", "x" * 100_000], layout=1, mute=True).wait(60) == 0


def test_without_a_layout_the_environment_is_that_of_this_process(supervisor: Supervisor) -> None:
    child = supervisor.start([sys.executable, "-S", "-c", "import os; print(dict(os.environ))"])
    assert child.read_line(60) == str(dict(os.environ))
