"""Servers whose causes of cost are known: a number of system calls, of waits, and time in the program."""

from collections.abc import Callable
from pathlib import Path

import pytest

from upecho.load.engine import best
from upecho.measure.cores import Cores
from upecho.measure.plan.cell_plan import PlannedCell
from upecho.measure.plan.cells import Cell
from upecho.measure.plan.scenarios import Scenario
from upecho.measure.plan.settings import Window
from upecho.measure.statistics import causes
from upecho.measure.statistics.plausibility import VoidReason
from upecho.measure.trial_runner import TrialRunner
from upecho.measure.trials import Trial
from upecho.net.address import Family
from upecho.processes.linux import procfs, system_calls
from upecho.processes.linux.system_calls import Method
from upecho.processes.supervisor import Supervisor
from upecho.serving.target import Kind, Target
from upecho.support.errors import Unavailable

pytestmark = pytest.mark.skipif(not procfs.AVAILABLE, reason="reads /proc, which only Linux has")

ONE = Scenario("one", 1, 64)
CHURN = Scenario("churn", 2, 64, churn=True)
SCHEDULE = Scenario("schedule", 2, 64, share=0.1)
KNOWN = """
import os, threading, time

def served(listener, change):
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=answer, args=[connection, change], daemon=True).start()

def answer(connection, change):
    with connection:
        while data := connection.recv(65536):
            connection.send(change(data))

def calling(times):
    def change(data):
        for _ in range(times - 2):
            os.getppid()
        return data.upper()
    return lambda listener, stop: served(listener, change)

calls2, calls3, calls5, calls12 = map(calling, (2, 3, 5, 12))

def sleeping(listener, stop):
    def change(data):
        for _ in range(5):
            time.sleep(0.0001)
        return data.upper()
    served(listener, change)

def burning(listener, stop):
    def change(data):
        end = time.thread_time() + 0.002  # a system call, which few of the kernel's few ticks may meet
        while time.thread_time() < end:
            sum(range(20000))
        return data.upper()
    served(listener, change)
"""


@pytest.fixture
def measure(supervisor: Supervisor, directory: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Trial]:
    (directory / "known.py").write_text(KNOWN)
    monkeypatch.setenv("PYTHONPATH", str(directory))

    def measure(
        target: str, scenario: Scenario = ONE, *, counting: Method | None = None, seconds: float = 0.1
    ) -> Trial:
        window = Window(0.02, seconds, 1, "native" if scenario.engine_feature else "python", counting)
        planned = PlannedCell(Cell(target, Family.UNIX, scenario.name), Target(target, Kind.IMPLEMENTATION), scenario)
        trial = TrialRunner(supervisor, Cores(), window).measure(planned, 1)
        assert not trial.findings, trial
        # A busy machine keeps the engine from sending; that has no influence on what a request makes a server do.
        assert trial.void is None or trial.void.reason is VoidReason.LITTLES_LAW, trial
        return trial

    return measure


@pytest.mark.parametrize("calls", [2, 3, 5, 12])
def test_system_calls_of_a_request_are_counted(measure: Callable[..., Trial], calls: int) -> None:
    try:
        method = system_calls.method()
    except Unavailable as error:
        pytest.skip(str(error))
    found = causes.system_calls(measure(f"known:calls{calls}", counting=method))
    assert found == pytest.approx(calls, rel=0.05)


def test_system_calls_are_counted_only_on_demand(measure: Callable[..., Trial]) -> None:
    assert measure("known:calls2").system_calls is None


def test_server_that_waits_switches_voluntarily(measure: Callable[..., Trial]) -> None:
    waiting, sleeping = (causes.voluntary_switches(measure(f"known:{name}")) for name in ("calls2", "sleeping"))
    assert waiting is not None
    assert sleeping is not None
    assert waiting < 3  # it waits for the next request, unless that has arrived already
    assert 5 <= sleeping < 8  # and sleeps five times


def test_time_in_the_program_is_user_time(measure: Callable[..., Trial]) -> None:
    trial = measure("known:burning", seconds=0.5)
    user_ns, system_ns = causes.user_ns(trial), causes.system_ns(trial)
    assert user_ns is not None
    assert system_ns is not None
    assert user_ns > 4 * system_ns
    assert user_ns + system_ns >= 2e6


def test_switches_of_ended_threads_are_unknown(measure: Callable[..., Trial]) -> None:
    if best() != "native":
        pytest.skip("churn takes the native engine")
    trial = measure("known:calls2", CHURN, seconds=0.5)  # long enough for clock ticks, however busy the machine is
    assert causes.voluntary_switches(trial) is None
    assert causes.involuntary_switches(trial) is None
    assert causes.user_ns(trial) is not None


def test_failed_count_is_not_held_against_the_server(
    measure: Callable[..., Trial], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")  # for the engine, which does not find strace
    trial = measure("known:calls2", counting=Method.STRACE)
    assert (trial.system_calls, trial.findings) == (None, ())


def test_server_on_a_schedule_is_not_slowed_down_by_strace(measure: Callable[..., Trial]) -> None:
    if best() != "native":
        pytest.skip("a schedule takes the native engine")
    assert measure("known:calls2", SCHEDULE, counting=Method.STRACE).system_calls is None


def test_count_has_its_own_requests(measure: Callable[..., Trial]) -> None:
    try:
        method = system_calls.method()
    except Unavailable as error:
        pytest.skip(str(error))
    found = measure("known:calls2", counting=method).system_calls
    assert found
    assert found.method is method
    assert found.requests > 10
