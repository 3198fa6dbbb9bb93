"""Workers that are processes: they are replaced, ended with their parent, and leave the stop to it."""

import os
import select
import signal
import socket
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.exchange import exchange
from upecho.net.connecting import connect
from upecho.processes.linux import listening, process_tree, procfs
from upecho.processes.server_process import ServerProcess
from upecho.servers.shared import workers
from upecho.serving.stop_signals import STOP_SIGNALS

Start = Callable[..., ServerProcess]
Eventually = Callable[[Callable[[], object]], None]

SECONDS = 20.0
CLIENTS = 16 * workers.default_count()  # so many that every worker gets some

# A server whose workers take a while before they execute their first statement.
SLOW_FORK = """
import os, time
from upecho.servers.prefork import serve
os.register_at_fork(after_in_child=lambda: time.sleep(0.3))
"""

pytestmark = pytest.mark.skipif(not procfs.AVAILABLE, reason="observes processes through /proc")
both = pytest.mark.parametrize("target", ["prefork", "prefork-reuseport"])


def workers_of(server: ServerProcess) -> set[int]:
    return set(procfs.members(server.child.pid)) - {server.child.pid}


@both
def test_all_workers_exist_when_the_server_is_ready(start: Start, target: str) -> None:
    server = start(target)
    assert len(workers_of(server)) == workers.default_count()
    listeners = listening.sockets(server.address)
    assert len(listeners) == (workers.default_count() if target == "prefork-reuseport" else 1)


@both
def test_dead_worker_is_replaced(start: Start, eventually: Eventually, target: str) -> None:
    server = start(target)
    first = workers_of(server)
    os.kill(min(first), signal.SIGKILL)
    eventually(lambda: len(workers_of(server) - first) == 1)
    with connect(server.address, SECONDS) as client:
        assert exchange(client) == b"HELLO"
    assert server.stop() == 0
    assert server.child.stderr() == ""


@both
def test_worker_that_does_not_stop_is_killed(start: Start, target: str) -> None:
    server = start(target, grace=0.2)
    os.kill(min(workers_of(server)), signal.SIGSTOP)
    assert server.stop() == 0
    assert workers_of(server) == set()


@both
def test_workers_end_with_a_killed_parent(start: Start, target: str) -> None:
    server = start(target)
    watched = [os.pidfd_open(pid) for pid in workers_of(server)]
    server.child.send_signal(signal.SIGKILL)
    for descriptor in watched:  # it becomes readable when the process ends
        assert select.select([descriptor], [], [], SECONDS)[0]
        os.close(descriptor)


def expect_workers_ignore(server: ServerProcess, number: int) -> None:
    with connect(server.address, SECONDS) as client:
        for pid in workers_of(server):
            os.kill(pid, number)
        assert exchange(client) == b"HELLO"
    assert server.child.wait(0.2) is None
    assert server.stop() == 0


@pytest.mark.parametrize("number", STOP_SIGNALS)
@both
def test_worker_ignores_a_stop_signal(start: Start, target: str, number: int) -> None:
    server = start(target)
    expect_workers_ignore(server, number)


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_worker_ignores_a_stop_signal_before_it_begins(
    start: Start, eventually: Eventually, module: Callable[[str, str], str], number: int
) -> None:
    server = start(module("slow_fork", SLOW_FORK))
    eventually(lambda: len(workers_of(server)) >= 2)
    expect_workers_ignore(server, number)


@both
def test_signal_masks_are_empty(start: Start, eventually: Eventually, target: str) -> None:
    server = start(target)
    with connect(server.address, SECONDS) as client:
        assert exchange(client) == b"HELLO"
    for pid in [server.child.pid, *workers_of(server)]:
        eventually(lambda: f"SigBlk:\t{0:016x}\n" in Path(f"/proc/{pid}/status").read_text())  # noqa: B023 (called here)


def test_clients_of_a_dead_worker_are_served_by_its_replacement(start: Start, clients: ExitStack) -> None:
    server = start("prefork-reuseport")
    first = workers_of(server)
    suspend(first)
    waiting = [clients.enter_context(connect(server.address, SECONDS)) for _ in range(CLIENTS)]
    for client in waiting:
        client.sendall(b"early")
    os.kill(min(first), signal.SIGKILL)
    for pid in first - {min(first)}:
        os.kill(pid, signal.SIGCONT)
    for client in waiting:
        assert client.recv(5, socket.MSG_WAITALL) == b"EARLY"
    assert server.stop() == 0
    assert server.child.stderr() == ""


def suspend(pids: set[int]) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    while any(process_tree.state(pid) != "T" for pid in pids):
        pass
