"""Clients that have connected, but were not accepted when the server was told to stop."""

import os
import signal
import socket
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.built_in import CORRECT, serves
from tests.exchange import exchange
from tests.frameworks import FRAMEWORK_PARAMETERS
from upecho.net.address import Family
from upecho.net.connecting import connect
from upecho.processes.linux import process_tree, procfs
from upecho.processes.server_process import ServerProcess

Start = Callable[..., ServerProcess]

SECONDS = 20.0

pytestmark = pytest.mark.skipif(not procfs.AVAILABLE, reason="stops processes, which it finds through /proc")


def suspend(server: ServerProcess) -> None:
    """Suspend a server and its workers, so that it accepts nothing and notices no signal."""
    os.killpg(server.child.pid, signal.SIGSTOP)
    while any(process_tree.state(pid) != "T" for pid in procfs.members(server.child.pid)):
        pass


def resume(server: ServerProcess) -> None:
    os.killpg(server.child.pid, signal.SIGCONT)


@pytest.mark.parametrize("family", ["inet", "unix"])
@pytest.mark.parametrize("target", [*CORRECT, *FRAMEWORK_PARAMETERS, "asyncio+uvloop", "asyncio-protocol+uvloop"])
def test_clients_in_the_queue_are_answered_at_the_stop(
    start: Start, clients: ExitStack, directory: Path, target: str, family: str
) -> None:
    if "uvloop" in target:
        pytest.importorskip("uvloop")
    if target in CORRECT and not serves(target, Family(family)):
        pytest.skip(f"{target} does not serve {family}")
    server = start(target, f"unix:{directory}/s" if family == "unix" else "127.0.0.1:0")
    with connect(server.address, SECONDS) as first:  # so that the server is past its start
        assert exchange(first) == b"HELLO"
    suspend(server)
    waiting = [clients.enter_context(connect(server.address, SECONDS)) for _ in range(20)]
    for client in waiting:
        client.sendall(b"early")
    server.child.send_signal(signal.SIGTERM)
    resume(server)
    for client in waiting:
        assert client.recv(6, socket.MSG_WAITALL) == b"EARLY"
        assert client.recv(1) == b""
    assert server.child.wait(SECONDS) == 0
    assert server.child.stderr() == ""


def test_client_in_the_queue_that_stalls_is_ended_after_the_grace(start: Start, clients: ExitStack) -> None:
    server = start("blocking", grace=0.5)
    current = clients.enter_context(connect(server.address, SECONDS))
    assert exchange(current) == b"HELLO"
    stalled = clients.enter_context(connect(server.address, 0.2))
    with pytest.raises(TimeoutError):
        stalled.sendall(b"x" * 50_000_000)
    assert server.stop() == 0
    assert server.child.stderr() == ""


def test_clients_that_keep_coming_do_not_prevent_the_stop(start: Start, clients: ExitStack) -> None:
    server = start("threads", backlog=3)
    suspend(server)
    for _ in range(4):
        clients.enter_context(connect(server.address, SECONDS))
    server.child.send_signal(signal.SIGTERM)
    resume(server)
    assert server.child.wait(SECONDS) == 0
