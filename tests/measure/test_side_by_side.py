"""Two servers run at the same time, and windows of load alternate between them."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.measure.forking import forking_server
from upecho.load.engine import best
from upecho.load.plan import Failure, LoadResult
from upecho.measure import side_by_side
from upecho.measure.cores import Cores
from upecho.measure.loaded_server import LoadedServer
from upecho.measure.plan.cell_plan import PlannedCell
from upecho.measure.plan.cells import Cell
from upecho.measure.plan.scenarios import Scenario
from upecho.measure.plan.settings import LAYOUTS_PER_SEED, Window
from upecho.measure.side_by_side import measure_pair
from upecho.measure.statistics.plausibility import Void, VoidReason
from upecho.measure.trial_runner import TrialRunner
from upecho.measure.trials import Fault, Trial
from upecho.net.address import Family
from upecho.processes.linux import procfs
from upecho.processes.supervisor import Supervisor
from upecho.serving.target import Target

SMALL = Scenario("small", 2, 64)
WINDOW = Window(0.01, 0.08, 3, best())
WINDOWS = 4
BASE, NEW = "selectors", "threads"

FAILING = """
import os
def serve(listener, stop):
    connection, _ = listener.accept()
    os._exit(7)
def late(listener, stop):
    for number in range(99):
        connection, _ = listener.accept()
        while data := connection.recv(65536):
            connection.sendall(data.upper() if number < 4 else data.lower())
        connection.close()
"""
UNREADY = """
CALLS_READY = True
def serve(listener, stop):
    raise SystemExit("no server today")
"""


class Recording(TrialRunner):
    """Notes what is started and loaded."""

    def __init__(self, supervisor: Supervisor) -> None:
        super().__init__(supervisor, Cores.divided(), WINDOW)
        self.layouts: list[tuple[str, int | None]] = []
        self.loads: list[tuple[str, float]] = []
        self.names: dict[str, str] = {}

    @contextlib.contextmanager
    def serving(self, planned: PlannedCell, layout: int | None = None) -> Iterator[LoadedServer]:
        self.layouts.append((planned.cell.target, layout))
        with super().serving(planned, layout) as server:
            self.names[str(server.address)] = planned.cell.target
            yield server

    def run(self, scenario: Scenario, server: LoadedServer, *, seconds: float, **more: Any) -> LoadResult:
        self.loads.append((self.names[str(server.address)], seconds))
        return super().run(scenario, server, seconds=seconds, **more)


@pytest.fixture
def runner(supervisor: Supervisor) -> Recording:
    return Recording(supervisor)


def planned(target: str) -> PlannedCell:
    return PlannedCell(Cell(target, Family.UNIX, SMALL.name), Target.implementation(target), SMALL)


def measured(runner: TrialRunner, base: str, new: str, number: int = 1) -> list[Trial]:
    return measure_pair(runner, [planned(base), planned(new)], number, window=WINDOW, windows=WINDOWS)


@pytest.mark.parametrize(("number", "first", "second"), [(1, BASE, NEW), (2, NEW, BASE)])
def test_windows_alternate_and_the_first_side_changes(runner: Recording, number: int, first: str, second: str) -> None:
    trials = measured(runner, BASE, NEW, number)
    layout = WINDOW.seed * LAYOUTS_PER_SEED + number
    assert runner.layouts == [(first, layout), (second, layout)]
    warm_ups, windows = runner.loads[:2], runner.loads[2:]
    assert warm_ups == [(first, WINDOW.warm_up_seconds), (second, WINDOW.warm_up_seconds)]
    order = [first, second, second, first, first, second, second, first]
    assert windows == [(one, WINDOW.seconds / WINDOWS) for one in order]
    assert [trial.cell.target for trial in trials] == [first, second]
    assert all(trial.is_valid and trial.round == number for trial in trials)


def test_windows_of_a_side_count_as_one_load(runner: Recording) -> None:
    for trial in measured(runner, BASE, NEW):
        assert trial.load
        assert trial.load.requests > 0
        assert trial.load.elapsed_ns >= WINDOW.seconds * 0.9e9
        assert len(trial.load.slices) >= WINDOWS


@pytest.mark.parametrize(
    ("code", "server", "fault"),
    [
        (FAILING, "serve", Fault.REQUESTS_FAILED),
        (FAILING, "late", Fault.REQUESTS_FAILED),
        (UNREADY, "serve", Fault.NOT_READY),
    ],
)
@pytest.mark.parametrize("number", [1, 2])
def test_failing_side_ends_the_round(
    code: str, server: str, fault: Fault, *, number: int, runner: Recording, module: Callable[[str, str], str]
) -> None:
    failing = module("failing", code).replace("serve", server)
    (trial,) = measured(runner, BASE, failing, number)
    assert trial.cell.target == failing
    assert trial.findings[0].fault is fault
    assert not trial.contradiction()


def test_warm_up_in_which_no_request_was_sent_changes_nothing(
    runner: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    run: Callable[..., LoadResult] = runner.run

    def late(scenario: Scenario, server: LoadedServer, *, seconds: float) -> LoadResult:
        """The machine does not let the engine send anything before its window is over."""
        load = run(scenario, server, seconds=seconds)
        return replace(load, requests=0) if seconds == WINDOW.warm_up_seconds else load

    monkeypatch.setattr(runner, "run", late)
    trials = measured(runner, BASE, NEW)
    assert [trial.cell.target for trial in trials] == [BASE, NEW]
    assert all(trial.is_valid for trial in trials)


def test_implausible_load_makes_the_trial_void(runner: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    void = Void(VoidReason.LITTLES_LAW, "made up")
    monkeypatch.setattr(side_by_side, "why_void", lambda scenario, load, *, seconds: void)
    trials = measured(runner, BASE, NEW)
    assert [(trial.cell.target, trial.void) for trial in trials] == [(BASE, void), (NEW, void)]


@pytest.mark.once
@pytest.mark.skipif(best() != "native", reason="only the native engine makes such a load")
@pytest.mark.skipif(not procfs.AVAILABLE, reason="only Linux shows the signals of other processes")
def test_cpu_time_that_the_kernel_discards_is_noticed(runner: TrialRunner, directory: Path) -> None:
    target, churn = forking_server(directory, "signal.SIG_IGN"), Scenario("churn", 2, 64, churn=True)
    side = PlannedCell(Cell(target, Family.INET, churn.name), Target.parse(target), churn)
    (trial,) = measure_pair(runner, [side, side], 1, window=WINDOW, windows=WINDOWS)
    assert not trial.findings
    assert trial.void
    assert trial.void.reason is VoidReason.CPU_TIME_LOST


def test_load_that_no_port_is_left_for_ends_the_round(runner: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    run: Callable[..., LoadResult] = runner.run

    def without_ports(scenario: Scenario, server: LoadedServer, *, seconds: float) -> LoadResult:
        load = run(scenario, server, seconds=seconds)
        return replace(load, errors={Failure.NO_PORT: 2}) if len(runner.loads) == 4 else load

    monkeypatch.setattr(runner, "run", without_ports)
    (trial,) = measured(runner, BASE, NEW)
    assert trial.cell.target == NEW
    assert trial.void
    assert trial.void.reason is VoidReason.NO_PORT
    assert not trial.contradiction()
