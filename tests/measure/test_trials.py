"""A trial is a fresh server under load, and a number only if nothing whatever went wrong."""

from collections.abc import Callable
from pathlib import Path

import pytest

from upecho.load.engine import NAMES, best
from upecho.load.engine_process import EngineProcess
from upecho.load.latency import Latency
from upecho.load.plan import Failure, LoadResult
from upecho.measure import trials
from upecho.measure.cells import SCENARIOS, Cell, Scenario
from upecho.measure.cores import Cores
from upecho.measure.trials import Bench, Trial, Window
from upecho.net.address import Family
from upecho.processes import procfs
from upecho.processes.supervisor import Supervisor

SMALL = Scenario("small", 2, 64)

HOSTILE = """
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
    print("first", "cannot be helped" + chr(27), sep="\\\\n", file=sys.stderr, flush=True)
    threads.serve(listener, stop)
"""


@pytest.fixture
def hostile(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (directory / "hostile.py").write_text(HOSTILE.replace("\\\\n", "\\n"))
    (directory / "gone.py").write_text("import os; os._exit(9)")
    monkeypatch.setenv("PYTHONPATH", str(directory))


@pytest.fixture
def measure(supervisor: Supervisor) -> Callable[..., Trial]:
    def measure(target: str, family: Family = Family.INET, scenario: Scenario = SMALL, engine: str = "python") -> Trial:
        bench = Bench(supervisor, Cores(), Window(0.01, 0.02, 1, engine))
        trial = bench.measure(Cell(target, family, scenario), round_number=3)
        assert len(supervisor._children) == 1, "a server is left beside the engine"
        return trial

    return measure


@pytest.mark.parametrize("family", list(Family), ids=lambda family: family.value)
def test_a_good_server_gets_numbers(measure: Callable[..., Trial], family: Family) -> None:
    if not family.is_available():
        pytest.skip("not here")
    trial = measure("selectors", family)
    assert (trial.target, trial.family, trial.scenario, trial.round) == (
        "selectors",
        family.value,
        "small",
        3,
    )
    assert trial.failure == ""
    assert trial.load
    assert trial.load.requests
    assert bool(trial.load.server_cpu_ns) == procfs.AVAILABLE


@pytest.mark.parametrize("engine", NAMES)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_the_scenarios_can_be_served(measure: Callable[..., Trial], scenario: Scenario, engine: str) -> None:
    if engine == "native" != best() or (engine == "python" and (scenario.demands or scenario.idle > 1000)):
        pytest.skip("not with this engine")
    trial = measure("asyncio", Family.UNIX, scenario, engine)
    assert trial.failure == ""
    assert trial.load
    assert trial.load.engine == engine


@pytest.mark.usefixtures("hostile")
@pytest.mark.parametrize(
    ("target", "failure"),
    [
        ("hostile:lower", "1 mismatch"),
        ("hostile:dying", "1 early end, ended with status 7"),
        ("hostile:noisy", "wrote to stderr: cannot be helped\\x1b"),
        ("gone:serve", "gone:serve: it ended with status 9 before it was ready: no output on stderr"),
    ],
)
def test_what_goes_wrong_is_said(measure: Callable[..., Trial], target: str, failure: str) -> None:
    assert measure(target).failure == failure


@pytest.mark.usefixtures("hostile")
def test_silence_is_not_waited_out_for_ever(measure: Callable[..., Trial], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trials, "DEADLINE_SECONDS", 0.3)
    assert measure("hostile:stalling").failure == "1 timed out"


def test_a_machine_without_ports_is_not_the_servers_fault(
    measure: Callable[..., Trial], monkeypatch: pytest.MonkeyPatch
) -> None:
    load = LoadResult("python", 0, 0, 0, 0, None, False, Latency.of([]), {Failure.NO_PORT: 16})
    monkeypatch.setattr(EngineProcess, "run", lambda _self, _job: load)
    trial = measure("threads")
    assert (trial.failure, trial.void) == ("", "no local port left")


@pytest.mark.parametrize(("max_clients", "possible"), [(None, True), (2, True), (1, False)])
def test_a_cell_needs_as_many_clients_as_its_scenario(max_clients: int | None, possible: bool) -> None:
    assert (not Cell("x", Family.INET, SMALL).unsupported(max_clients)) == possible
