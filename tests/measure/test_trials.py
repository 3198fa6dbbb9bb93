"""A trial loads a fresh server, and is a measurement only if nothing went wrong."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.measure.forking import forking_server
from tests.processes.commands import command, serving
from upecho.load.engine import NAMES, best
from upecho.load.engine_process import EngineProcess
from upecho.load.latency import Latency
from upecho.load.plan import Failure, LoadResult
from upecho.measure import trial_runner
from upecho.measure.cores import Cores
from upecho.measure.plan.cell_plan import PlannedCell
from upecho.measure.plan.cells import Cell
from upecho.measure.plan.scenarios import SCENARIOS, Scenario
from upecho.measure.plan.settings import Window
from upecho.measure.statistics.plausibility import VoidReason
from upecho.measure.trial_runner import TrialRunner
from upecho.measure.trials import Fault, Trial
from upecho.net.address import Family
from upecho.processes.linux import procfs
from upecho.processes.supervisor import Supervisor
from upecho.servers.shared import workers
from upecho.serving.target import Kind, Target
from upecho.support.errors import HarnessError

SMALL = Scenario("small", 2, 64)

BROKEN = """
import os, sys, threading
from upecho.servers import threads

def served(listener, change):
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=answer, args=[connection, change], daemon=True).start()

def answer(connection, change):
    with connection:
        while data := connection.recv(65536):
            connection.sendall(change(data))

def lower(listener, stop):
    served(listener, bytes.lower)

def stalling(listener, stop):
    served(listener, lambda data: b"")

def dying(listener, stop):
    served(listener, lambda data: os._exit(7))

def noisy(listener, stop):
    print("listening", "error: none so far", sep="\\n", file=sys.stderr, flush=True)
    threads.serve(listener, stop)

def crashing(listener, stop):
    print("Fatal Python error: made up" + chr(27), file=sys.stderr, flush=True)
    threads.serve(listener, stop)
"""


def planned(text: str, family: Family, scenario: Scenario, max_clients: int | None = None) -> PlannedCell:
    kind = Kind.COMMAND if text.startswith("cmd:") else Kind.IMPLEMENTATION
    target = Target(text, kind, max_clients=max_clients)
    return PlannedCell(Cell(text, family, scenario.name), target, scenario)


@pytest.fixture
def broken(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (directory / "broken.py").write_text(BROKEN.replace("\\\\n", "\\n"))
    (directory / "gone.py").write_text("import os; os._exit(9)")
    monkeypatch.setenv("PYTHONPATH", str(directory))


@pytest.fixture
def measure(supervisor: Supervisor) -> Callable[..., Trial]:
    def measure(target: str, family: Family = Family.INET, scenario: Scenario = SMALL, engine: str = "python") -> Trial:
        runner = TrialRunner(supervisor, Cores(), Window(0.01, 0.02, 1, engine))
        trial = runner.measure(planned(target, family, scenario), round_number=3)
        assert len(supervisor._children) == 1, "a server was left running"
        return trial

    return measure


@pytest.mark.parametrize("family", list(Family), ids=lambda family: family.value)
def test_correct_server_is_measured(measure: Callable[..., Trial], family: Family) -> None:
    if not family.is_available():
        pytest.skip("not here")
    trial = measure("selectors", family)
    assert (trial.cell, trial.round) == (Cell("selectors", family, "small"), 3)
    assert trial.findings == ()
    assert trial.load
    assert trial.load.requests
    assert bool(trial.load.server_cpu_ns) == procfs.AVAILABLE


@pytest.mark.parametrize("engine", NAMES)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_every_scenario_can_be_served(measure: Callable[..., Trial], scenario: Scenario, engine: str) -> None:
    if engine == "native" != best() or (engine == "python" and (scenario.engine_feature or scenario.idle > 1000)):
        pytest.skip("not with this engine")
    trial = measure("asyncio", Family.UNIX, scenario, engine)
    assert trial.failure == ""
    assert trial.load
    assert trial.load.engine == engine


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize(
    ("target", "faults", "failure"),
    [
        ("broken:lower", [Fault.REQUESTS_FAILED], "1 mismatch"),
        ("broken:dying", [Fault.REQUESTS_FAILED, Fault.PROCESS_ENDED], "1 early end, ended with exit status 7"),
        (
            "broken:crashing",
            [Fault.ERROR_ON_STDERR],
            "reported an error on stderr: Fatal Python error: made up\\x1b",
        ),
        (
            "gone:serve",
            [Fault.NOT_READY],
            "it ended with exit status 9 before it was ready: no output on stderr",
        ),
    ],
)
def test_fault_is_reported(measure: Callable[..., Trial], target: str, faults: list[Fault], failure: str) -> None:
    trial = measure(target)
    assert [finding.fault for finding in trial.findings] == faults
    assert trial.failure == failure


@pytest.mark.usefixtures("broken")
def test_server_that_logs_gets_figures(measure: Callable[..., Trial]) -> None:
    assert not measure("broken:noisy").failure


@pytest.mark.usefixtures("broken")
def test_silent_server_times_out(measure: Callable[..., Trial], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial_runner, "DEADLINE_SECONDS", 0.3)
    assert measure("broken:stalling").failure == "1 connection timed out"


def test_machine_without_ports_makes_the_trial_void(
    measure: Callable[..., Trial], monkeypatch: pytest.MonkeyPatch
) -> None:
    load = LoadResult("python", 0, 0, 0, 0, None, False, Latency.of([]), {Failure.NO_PORT: 16})
    monkeypatch.setattr(EngineProcess, "run", lambda _self, _job: load)
    trial = measure("threads")
    assert trial.findings == ()
    assert trial.void
    assert trial.void.reason is VoidReason.NO_PORT


def test_address_that_cannot_be_bound_is_a_failure_of_the_harness(
    measure: Callable[..., Trial], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Supervisor, "new_address", lambda *_: "unix:/no/such/directory/s")
    with pytest.raises(HarnessError, match="cannot listen on unix:/no/such/directory/s: the directory does not exist"):
        measure("threads", Family.UNIX)


@pytest.mark.parametrize(("max_clients", "possible"), [(None, True), (2, True), (1, False)])
def test_target_must_serve_as_many_clients_as_the_scenario_has(max_clients: int | None, possible: bool) -> None:
    assert (not planned("x", Family.INET, SMALL, max_clients).unsupported) == possible


@pytest.mark.once
@pytest.mark.parametrize("family", [Family.INET, Family.UNIX])
def test_command_is_measured_with_everything_that_it_has_started(measure: Callable[..., Trial], family: Family) -> None:
    trial = measure(serving("selectors", wrapper="setsid -w ").text, family)
    assert not trial.findings
    assert trial.load
    if procfs.AVAILABLE:
        assert trial.load.server_cpu_ns


@pytest.mark.once
def test_command_that_ends_is_reported_with_the_reason(measure: Callable[..., Trial]) -> None:
    trial = measure(command("import sys; print('no such table', file=sys.stderr); sys.exit(4)").text)
    assert [one.fault for one in trial.findings] == [Fault.NOT_READY]
    assert trial.failure.endswith("ended with exit status 4 before it was ready: no such table")


@pytest.mark.once
def test_what_a_command_writes_before_it_is_ready_is_no_error(measure: Callable[..., Trial]) -> None:
    code = "print('Fatal Python error: made up', file=sys.stderr, flush=True)"
    execute = "os.execv(sys.executable, [sys.executable, '-m', 'upecho', 'serve', 'threads', '--bind', sys.argv[1]])"
    assert not measure(command(f"import os, sys; {code}; {execute}").text).findings


@pytest.mark.skipif(not procfs.AVAILABLE, reason="only Linux shows who has a connection")
@pytest.mark.parametrize("target", ["prefork", "asyncio-threads"])
@pytest.mark.parametrize("family", [Family.INET, Family.UNIX], ids=lambda family: family.value)
def test_workers_are_counted(measure: Callable[..., Trial], target: str, family: Family) -> None:
    load = measure(target, family).load
    assert load
    assert load.workers
    assert len(load.workers) == workers.default_count()
    assert sum(worker.accepted for worker in load.workers) == SMALL.connections
    requests = [worker.requests for worker in load.workers]
    assert requests == [None] * len(requests) if family.is_unix else sum(filter(None, requests)) == load.requests


def test_server_with_one_worker_has_no_shares(measure: Callable[..., Trial]) -> None:
    load = measure("selectors").load
    assert load
    assert load.workers is None


@pytest.mark.once
@pytest.mark.skipif(best() != "native", reason="only the native engine makes such a load")
@pytest.mark.skipif(not procfs.AVAILABLE, reason="only Linux shows the signals of other processes")
@pytest.mark.parametrize(("disposition", "is_lost"), [("signal.SIG_IGN", True), ("signal.SIG_DFL", False)])
def test_cpu_time_that_the_kernel_discards_is_noticed(
    disposition: str, is_lost: bool, measure: Callable[..., Trial], directory: Path
) -> None:
    target = forking_server(directory, disposition)
    trial = measure(target, Family.INET, Scenario("churn", 2, 64, churn=True), "native")
    assert not trial.findings
    reason = trial.void.reason if trial.void else None
    assert (reason is VoidReason.CPU_TIME_LOST) == is_lost
