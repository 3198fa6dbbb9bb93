"""A server that ran already is observed from trial to trial, and it is noticed if it ends."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from upecho.measure.cores import Cores
from upecho.measure.plan.cell_plan import PlannedCell
from upecho.measure.plan.cells import Cell
from upecho.measure.plan.scenarios import Scenario
from upecho.measure.plan.settings import Window
from upecho.measure.trial_runner import TrialRunner
from upecho.measure.trials import Fault, Trial
from upecho.net.address import Address
from upecho.processes.linux import procfs
from upecho.processes.running_server import RunningServer, listening_sockets, start_times
from upecho.processes.server_process import ServerProcess
from upecho.processes.supervisor import Supervisor
from upecho.serving.target import Target

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(not procfs.AVAILABLE, reason="observing other processes takes /proc, which only Linux has"),
]

SMALL = Scenario("small", 2, 64)
DAEMON = """
import os, socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind("s")
listener.listen()
if os.fork() == 0:
    sys.stdin.read()
    listener.accept()
"""


@pytest.fixture
def measure(supervisor: Supervisor) -> Callable[[RunningServer], Trial]:
    runner = TrialRunner(supervisor, Cores(), Window(0.01, 0.02, 1, "python"))

    def measure(server: RunningServer) -> Trial:
        target = Target.parse(str(server.address))
        cell = Cell(target.text, server.address.family, SMALL.name)
        return runner.measure(PlannedCell(cell, target, SMALL, running=server), 1)

    return measure


@pytest.fixture
def server(start: Callable[..., ServerProcess]) -> ServerProcess:
    return start("threads")


def observed(server: ServerProcess) -> RunningServer:
    return RunningServer(server.address, start_times([server.child.pid]))


def test_all_trials_are_of_the_same_process(server: ServerProcess, measure: Callable[..., Trial]) -> None:
    for _ in range(2):
        trial = measure(observed(server))
        assert not trial.findings
        assert trial.load
        assert trial.load.server_cpu_ns
    assert server.child.is_alive()


def test_end_of_the_server_is_found(server: ServerProcess, measure: Callable[..., Trial]) -> None:
    running = observed(server)
    server.child.kill()
    trial = measure(running)
    assert [one.fault for one in trial.findings] == [Fault.REQUESTS_FAILED, Fault.PROCESS_ENDED]
    assert trial.failure.endswith(f"process {server.child.pid} has ended")
    trial = measure(RunningServer(server.address))
    assert [one.fault for one in trial.findings] == [Fault.REQUESTS_FAILED, Fault.NOT_READY]


def test_process_with_the_same_id_that_started_later_is_another_one(server: ServerProcess) -> None:
    running = observed(server)
    assert running.ended() == []
    ((pid, started),) = running.roots
    assert replace(running, roots=((pid, started - 1),)).ended() == [pid]


def test_unix_socket_is_found_by_a_name_that_was_not_bound(
    start: Callable[..., ServerProcess], directory: Path
) -> None:
    server = start("selectors", f"unix:{directory}/bound")
    (directory / "other").symlink_to(directory / "bound")
    found = listening_sockets(server.address)
    assert len(found) == 1
    assert listening_sockets(server.address._replace(path=f"{directory}/other")) == found


def test_unix_socket_with_the_same_relative_path_elsewhere_is_another_one(
    start: Callable[..., ServerProcess], directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for name in ("one", "two"):
        (directory / name).mkdir()
        monkeypatch.chdir(directory / name)
        found.append(listening_sockets(start("selectors", "unix:s").address))
    monkeypatch.chdir(directory / "one")
    assert listening_sockets(Address.parse("unix:s")) == found[0] != found[1]
    assert [len(one) for one in found] == [1, 1]


def test_unix_socket_of_a_daemon_is_found_by_its_relative_path(
    supervisor: Supervisor, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(directory)
    assert supervisor.start([sys.executable, "-S", "-c", DAEMON]).wait(20) == 0  # only the daemon is left
    assert len(listening_sockets(Address.parse("unix:s"))) == 1
