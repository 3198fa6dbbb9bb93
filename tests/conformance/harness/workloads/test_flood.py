"""The flood: a server is suspended with every reply, so it always has work left, however slow this process is."""

import sys
from collections.abc import Callable, Iterator

import pytest

from upecho.conformance.harness.clients.client import Client
from upecho.conformance.harness.clients.connection import TIMEOUT_SECONDS
from upecho.conformance.harness.servers.server import Server
from upecho.conformance.harness.violation import NotReached, Unsupported
from upecho.conformance.harness.workloads import flood as harness_flood
from upecho.conformance.harness.workloads.flood import Finding, Flood
from upecho.net.address import Family
from upecho.processes.linux import procfs
from upecho.processes.server_process import Launch, ServerProcess
from upecho.processes.starting import start_server
from upecho.processes.supervisor import Supervisor
from upecho.serving.target import Target

CLIENTS = 4
POSTPONES = "tests.broken.wrong_clients:accepts_only_when_idle"
EMPTIES = "tests.right.implementations:empties_each_connection"
FALLS_SILENT = "tests.broken.wrong_timing:falls_silent"
POSTPONES_BELOW_ANOTHER = (
    f"cmd:sh tests/right/passes_signals_on.sh {sys.executable} -m upecho serve {POSTPONES} --bind {{address}}"
)
OWN_SESSION = f"cmd:setsid -w {sys.executable} -m tests.right.programs usual {{address}}"

pytestmark = pytest.mark.skipif(not procfs.AVAILABLE, reason="only Linux lets the kernel suspend a server")

MakeFlood = Callable[[str], Flood]


@pytest.fixture
def flood_of(supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeFlood]:
    """Return a flood of a few clients of a server."""
    monkeypatch.setattr(harness_flood, "LEAST_SECONDS", 0)
    servers: list[Server] = []

    def flood_of(target: str) -> Flood:
        address = supervisor.new_address(Family.UNIX)
        process = start_server(supervisor, Launch(Target.parse(target), address))
        servers.append(Server(process.address, process))
        clients = servers[-1].connect_many(CLIENTS)
        for client in clients:
            client.exchange(b"x")
        return Flood(servers[-1], clients)

    yield flood_of
    for server in servers:
        server.disconnect()
        server.process.child.close()


@pytest.mark.parametrize("target", ["selectors", "asyncio", "asyncio-sock", EMPTIES, OWN_SESSION])
def test_server_that_takes_turns_serves_a_new_client(flood_of: MakeFlood, target: str) -> None:
    assert flood_of(target).try_new_client() is Finding.SERVED


def test_server_that_postpones_new_clients_leaves_one_out(flood_of: MakeFlood) -> None:
    flood = flood_of(POSTPONES)
    assert flood.try_new_client() is Finding.LEFT_OUT
    assert flood.try_new_client() is Finding.LEFT_OUT  # the first flood has left nothing behind


def test_second_process_could_be_the_one_that_accepts(flood_of: MakeFlood) -> None:
    assert flood_of(POSTPONES_BELOW_ANOTHER).try_new_client() is Finding.THREADS


def test_server_that_is_suspended_late_proves_nothing(flood_of: MakeFlood, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Client, "signal_on_arrival", lambda *_: None)
    monkeypatch.setattr(Flood, "_wait_for_reply", lambda flood: wait_for_all(flood._clients))
    assert flood_of(POSTPONES).try_new_client() is Finding.UNPROVED


def wait_for_all(clients: list[Client]) -> None:
    for client in clients:
        client.wait_for_reply()


def test_client_that_is_ahead_waits_for_the_others(flood_of: MakeFlood, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(harness_flood, "LEAD", 1000)
    monkeypatch.setattr(harness_flood, "MOST_SECONDS", 0.3)
    with pytest.raises(Unsupported, match="the server answers only 0 messages of each client"):
        flood_of("asyncio-sock").try_new_client()


@pytest.mark.parametrize("target", ["threads", "thread-pool"])
def test_server_with_several_threads_is_not_suspended(flood_of: MakeFlood, target: str) -> None:
    flood = flood_of(target)
    assert flood.try_new_client() is Finding.THREADS
    assert flood.response_seconds() < TIMEOUT_SECONDS


def test_process_for_each_client_counts_like_a_thread(flood_of: MakeFlood, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ServerProcess, "thread_counts", lambda _: [1] * CLIENTS)
    assert flood_of(POSTPONES).try_new_client() is Finding.THREADS


def test_thread_that_exists_only_during_the_flood_counts(flood_of: MakeFlood, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = iter([[1], [1], [2]])
    monkeypatch.setattr(ServerProcess, "thread_counts", lambda _: next(counts))
    assert flood_of(POSTPONES).try_new_client() is Finding.THREADS


def test_server_that_falls_silent_is_not_judged(flood_of: MakeFlood, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPECHO_DEADLINE_SCALE", "0.1")
    monkeypatch.setattr(ServerProcess, "thread_counts", lambda _: [1])
    with pytest.raises(NotReached, match="a reply to one of 4 clients"):
        flood_of(FALLS_SILENT).try_new_client()


def test_server_runs_after_a_flood_that_failed(flood_of: MakeFlood, monkeypatch: pytest.MonkeyPatch) -> None:
    flood = flood_of("selectors")
    with monkeypatch.context() as patched:
        patched.setattr(Flood, "_is_waiting", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            flood.try_new_client()
    assert flood.response_seconds() < TIMEOUT_SECONDS
