"""Trials that count instructions, with a program in the place of Valgrind that is quick and whose counts are known."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fake_valgrind import STEP, VERSION, install
from upecho.load.engine import best
from upecho.measure.count_runner import CountRunner, trial_runner
from upecho.measure.plan.cell_plan import PlannedCell
from upecho.measure.plan.cells import Cell
from upecho.measure.plan.scenarios import Scenario
from upecho.measure.plan.settings import Counting, Limits, RunSettings, Window
from upecho.measure.statistics.plausibility import Void, VoidReason
from upecho.measure.trials import Count, Fault
from upecho.net.address import Family
from upecho.processes.counting.counter import CALLGRIND
from upecho.processes.linux import procfs
from upecho.processes.server_process import ServerProcess
from upecho.processes.supervisor import Supervisor
from upecho.serving.target import Target

LOCKSTEP = Scenario("lockstep", 1, 100)
SETTINGS = RunSettings(Window(0.01, 0.02, 1, best()), Limits(1, 60.0), counting=Counting(CALLGRIND, VERSION, (5, 25)))

# Writes down what it was started with.
NOTES = """
import json, os, sys
from upecho.servers.selectors import serve as selectors
def serve(listener, stop):
    with open("notes", "a") as notes:
        size = sum(len(name) + len(value) for name, value in os.environ.items())
        notes.write(json.dumps([os.environ.get("PYTHONHASHSEED"), size, len(sys.argv[1])]) + "\\n")
    selectors(listener, stop)
"""


def planned(target: str) -> PlannedCell:
    cell = Cell(target, Family.UNIX, LOCKSTEP.name)
    return PlannedCell(cell, Target.implementation(target), LOCKSTEP)


@pytest.fixture
def runner(supervisor: Supervisor, directory: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CountRunner]:
    install(directory, monkeypatch, refused="threads")
    one = trial_runner(supervisor, SETTINGS)
    assert isinstance(one, CountRunner)
    yield one
    assert list(supervisor.directory.glob("count-*")) == []
    if procfs.AVAILABLE:
        assert len(procfs.members(supervisor._guardian.pid)) == 2  # the load engines


def test_difference_between_two_loads_counts(runner: CountRunner) -> None:
    first, second = (runner.measure(planned("selectors"), number) for number in (1, 2))
    assert first.count == Count(STEP, 20, repeated=2 * STEP)
    assert second.count == Count(STEP, 20)
    assert first.count.variation == 1
    assert second.count.variation is None
    assert first.is_valid
    assert first.load is not None
    assert first.load.requests == 25


def test_servers_of_a_round_have_one_layout_and_those_of_another_round_have_another(
    runner: CountRunner, directory: Path, module: Callable[[str, str], str]
) -> None:
    target = module("notes_of", NOTES)
    for number in (1, 2):
        assert runner.measure(planned(target), number).is_valid
    notes = [json.loads(line) for line in (directory / "notes").read_text().splitlines()]
    _, *first = notes[:4]
    second = notes[4:]
    assert first == [first[0]] * 3
    assert second == [second[0]] * 2
    assert first[0][0] != second[0][0]


def test_first_server_of_a_cell_is_not_counted_because_it_may_compile_its_modules(
    runner: CountRunner, directory: Path, module: Callable[[str, str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONHASHSEED", raising=False)  # only layouts set it then
    target = module("notes_of", NOTES)
    for number in (1, 2):
        assert runner.measure(planned(target), number).is_valid
    seeds = [json.loads(line)[0] for line in (directory / "notes").read_text().splitlines()]
    assert [seed is None for seed in seeds] == [True, False, False, False, False, False]
    assert len((directory / "started").read_text()) == 3 + 2


def test_server_that_only_the_counter_cannot_execute_is_unsupported(runner: CountRunner) -> None:
    trial = runner.measure(planned("threads"), 1)
    reason = "it ended with exit status 1 before it was ready: unhandled system call: 425"
    assert trial.void == Void(VoidReason.UNCOUNTABLE, f"by callgrind: {reason}")
    assert (trial.findings, trial.count, trial.load) == ((), None, None)


def test_server_that_does_not_stop_is_unsupported(runner: CountRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ServerProcess, "stop", lambda _: None)
    trial = runner.measure(planned("selectors"), 1)
    assert trial.void == Void(VoidReason.UNCOUNTABLE, "by callgrind: it did not stop when told to")


def test_server_that_is_wrong_in_any_case_has_failed(runner: CountRunner, module: Callable[[str, str], str]) -> None:
    wrong = "def serve(listener, stop):\n    connection, _ = listener.accept()\n    connection.sendall(b'x')\n"
    trial = runner.measure(planned(module("wrong", wrong)), 1)
    assert trial.void is None
    assert trial.findings[0].fault is Fault.REQUESTS_FAILED


def test_server_that_does_not_start_has_failed(runner: CountRunner, module: Callable[[str, str], str]) -> None:
    trial = runner.measure(planned(module("ends", "def serve(listener, stop):\n    raise SystemExit(3)\n")), 1)
    assert trial.void is None
    assert trial.findings
