"""Processes that are forked from a guardian: each sees what a program that was executed sees."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from upecho.processes.child import Child
from upecho.processes.supervisor import Supervisor
from upecho.support.errors import HarnessError

# What a program finds at its start.
FOUND = """
import os, pathlib, signal, sys
def main():
    handlers = {number: signal.getsignal(number) for number in signal.valid_signals()}
    kept = {number.name: str(handler) for number, handler in handlers.items() if handler}
    status = pathlib.Path("/proc/self/status").read_text().splitlines()
    signals = [line for line in status if line.startswith(("SigBlk", "SigIgn", "SigCgt"))]
    files = sorted(os.listdir("/proc/self/fd"))
    print(kept, signals, files, os.environ.get("ONE"), os.getcwd(), os.getpid() == os.getpgrp())
"""
TIMEOUT = 20
Start = Callable[..., Child]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Return a function that starts a module, given its code, in a forked process."""
    supervisors: list[Supervisor] = []

    def start(code: str, *arguments: str) -> Child:
        (tmp_path / "loaded.py").write_text(code)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
        supervisors.append(Supervisor("loaded").__enter__())
        monkeypatch.setenv("ONE", "set later")
        return supervisors[-1].fork(arguments)

    yield start
    for supervisor in supervisors:
        supervisor.__exit__()


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_process_finds_what_an_executed_program_finds(start: Start, supervisor: Supervisor, tmp_path: Path) -> None:
    forked = start(FOUND)
    (tmp_path / "program.py").write_text(FOUND + "main()")
    executed = supervisor.start([sys.executable, str(tmp_path / "program.py")])
    assert forked.read_line(TIMEOUT) == executed.read_line(TIMEOUT)


def test_arguments_are_passed(start: Start) -> None:
    child = start("import sys\ndef main(): print(sys.argv)", "one", "two words")
    assert child.read_line(TIMEOUT) == "['loaded', 'one', 'two words']"
    assert child.wait(TIMEOUT) == 0


@pytest.mark.parametrize(
    ("code", "status", "stderr"),
    [
        ("sys.exit(5)", 5, ""),
        ("sys.exit()", 0, ""),
        ("sys.exit('why')", 1, "why\n"),
        ("os._exit(7)", 7, ""),
        ("os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL, ""),
    ],
)
def test_process_ends_as_in_any_program(start: Start, code: str, status: int, stderr: str) -> None:
    child = start(f"import os, signal, sys\ndef main(): {code}")
    assert (child.wait(TIMEOUT), child.stderr()) == (status, stderr)


def test_exception_is_shown_and_ends_the_process(start: Start) -> None:
    child = start("def main(): 1 / 0")
    assert child.wait(TIMEOUT) == 1
    assert child.stderr().endswith("ZeroDivisionError: division by zero\n")


def test_threads_and_exit_handlers_run_to_their_end(start: Start) -> None:
    child = start("""
import atexit, threading, time
def main():
    atexit.register(print, "exit handler")
    threading.Thread(target=lambda: (time.sleep(0.1), print("thread"))).start()
""")
    assert [child.read_line(TIMEOUT), child.read_line(TIMEOUT), child.wait(TIMEOUT)] == ["thread", "exit handler", 0]


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_limit_of_descriptors_is_that_of_the_child_and_leaves_none_open(tmp_path: Path) -> None:
    (tmp_path / "limited.py").write_text("""
import os, resource
def main(): print(resource.getrlimit(resource.RLIMIT_NOFILE), sorted(map(int, os.listdir("/proc/self/fd")))[:-1])
""")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
        with Supervisor("limited") as supervisor:
            assert supervisor.fork([], descriptors=5).read_line(TIMEOUT) == "(5, 5) [0, 1, 2]"


def test_program_can_be_executed_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "either.py").write_text("def main(): print('forked')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    with Supervisor("either") as supervisor:
        assert supervisor.fork([]).read_line(TIMEOUT) == "forked"
        assert supervisor.start(["/bin/echo", "executed"]).read_line(TIMEOUT) == "executed"


def test_module_that_cannot_be_loaded_is_named(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(HarnessError) as raised, Supervisor("no_such_module"):
        pass
    assert str(raised.value) == "the guardian process did not start: it ended with exit status 1 at its start"
    assert capfd.readouterr().err.endswith("ModuleNotFoundError: No module named 'no_such_module'\n")


def test_module_is_loaded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "counting.py").write_text("import os\nloaded_by = os.getpid()\ndef main(): print(loaded_by)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    with Supervisor("counting") as supervisor:
        assert len({supervisor.fork([]).read_line(TIMEOUT) for _ in range(3)}) == 1


def test_process_is_killed_with_what_it_has_started(start: Start) -> None:
    child = start("import os, time\ndef main():\n    print(os.fork(), flush=True)\n    time.sleep(100)")
    pids = {int(child.read_line(TIMEOUT) or 0), int(child.read_line(TIMEOUT) or 0)} - {0}
    child.kill()
    assert child.wait(0) == -signal.SIGKILL
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
