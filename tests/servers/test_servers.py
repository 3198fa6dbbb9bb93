"""The parts of the contract of a server that its clients cannot see."""

import errno
import os
import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest

from tests.built_in import CORRECT
from tests.exchange import exchange
from tests.frameworks import FRAMEWORK_PARAMETERS
from upecho.net.address import Address
from upecho.net.connecting import connect
from upecho.processes.linux import procfs
from upecho.processes.server_process import Launch, ServerProcess
from upecho.processes.starting import start_server
from upecho.processes.supervisor import Supervisor
from upecho.servers import blocking, thread_pool
from upecho.servers.shared import workers
from upecho.serving.contract import Stop
from upecho.serving.listener import listening
from upecho.serving.loading.implementation import load_implementation
from upecho.serving.settings import Settings
from upecho.serving.target import Target

Start = Callable[..., ServerProcess]

UNLIMITED = [name for name in CORRECT if load_implementation(name).declared.max_clients is None]
PREFORK = ["prefork", "prefork-reuseport"]
# With room for four descriptors of each worker that is a thread.
MAX_DESCRIPTORS = 32 + 4 * workers.default_count()
SECONDS = 20.0

linux_only = pytest.mark.skipif(not procfs.AVAILABLE, reason="observes processes through /proc")


def start_limited(supervisor: Supervisor, target: str, **settings: Any) -> ServerProcess:
    implementation = Target.implementation(target)
    launch = Launch(implementation, "127.0.0.1:0", Settings(**settings), descriptors=MAX_DESCRIPTORS)
    return start_server(supervisor, launch)


@linux_only
@pytest.mark.parametrize("target", [*UNLIMITED, *FRAMEWORK_PARAMETERS])
def test_server_without_descriptors_serves_and_accepts_again(
    supervisor: Supervisor, clients: ExitStack, target: str
) -> None:
    server = start_limited(supervisor, target)
    early = [clients.enter_context(connect(server.address, SECONDS)) for _ in range(3)]
    assert [exchange(client) for client in early] == [b"HELLO"] * 3
    too_many = (workers.default_count() if target in PREFORK else 1) * MAX_DESCRIPTORS
    many = [clients.enter_context(connect(server.address, SECONDS)) for _ in range(too_many)]
    for client in many:
        client.sendall(b"late")
    before_ns = procfs.cpu_ns(server.child.pid)
    assert server.child.wait(0.5) is None
    assert procfs.cpu_ns(server.child.pid) - before_ns < 0.2e9, "the server spins"
    assert [exchange(client) for client in early] == [b"HELLO"] * 3
    for client in many[:-1]:
        client.close()
    assert many[-1].recv(4, socket.MSG_WAITALL) == b"LATE"
    assert server.stop() == 0
    assert server.child.stderr() == ""


def never_reading(address: Address) -> socket.socket:
    client = connect(address, 0.2)
    with pytest.raises(TimeoutError):
        client.sendall(b"x" * 50_000_000)
    return client


@linux_only
def test_asyncio_without_descriptors_stops_quietly(supervisor: Supervisor, clients: ExitStack) -> None:
    server = start_limited(supervisor, "asyncio", grace=1.3)  # longer than the pause of asyncio
    clients.enter_context(never_reading(server.address))
    for _ in range(MAX_DESCRIPTORS):
        clients.enter_context(connect(server.address, SECONDS))
    with pytest.raises(TimeoutError), connect(server.address, 0.1) as client:
        exchange(client)
    assert server.stop() == 0
    assert server.child.stderr() == ""


@pytest.mark.parametrize("target", [*CORRECT, *FRAMEWORK_PARAMETERS])
def test_zero_grace_ends_connections_at_once(start: Start, clients: ExitStack, target: str) -> None:
    server = start(target, grace=0.0)
    client = clients.enter_context(connect(server.address, SECONDS))
    assert exchange(client) == b"HELLO"
    assert server.stop() == 0
    assert server.child.stderr() == ""


class CountingListener(socket.socket):
    accepted = 0

    def accept(self) -> tuple[socket.socket, Any]:
        accepted = super().accept()
        self.accepted += 1
        return accepted


def test_thread_pool_accepts_no_more_than_it_serves(monkeypatch: pytest.MonkeyPatch, clients: ExitStack) -> None:
    monkeypatch.setattr(thread_pool, "MAX_CLIENTS", 2)
    reader, writer = map(clients.enter_context, socket.socketpair())
    with listening(Address.parse("127.0.0.1:0"), Settings()) as bound:
        address = Address.of(bound)
        listener = CountingListener(fileno=bound.detach())
        thread = threading.Thread(target=thread_pool.serve, args=(listener, Stop(reader, Settings())))
        thread.start()
        first, second, third = (clients.enter_context(connect(address, SECONDS)) for _ in range(3))
        assert [exchange(first), exchange(second)] == [b"HELLO", b"HELLO"]
        third.sendall(b"third")
        third.settimeout(0.1)
        with pytest.raises(TimeoutError):
            third.recv(1)
        assert listener.accepted == 2
        first.close()
        third.settimeout(SECONDS)
        assert third.recv(5, socket.MSG_WAITALL) == b"THIRD"
        writer.send(b"stop")
        thread.join(SECONDS)


class Failing(socket.socket):
    """A connection on which every receive fails with the same error."""

    error = 0

    def recv(self, bufsize: int, flags: int = 0) -> bytes:
        raise OSError(self.error, os.strerror(self.error))


@pytest.mark.parametrize("error", [errno.ECONNRESET, errno.ETIMEDOUT, errno.ENETUNREACH, errno.EHOSTUNREACH])
def test_lost_network_counts_as_a_client_that_left(error: int) -> None:
    with Failing() as connection:
        connection.error = error
        blocking.answer(connection, 1)


def test_own_mistake_is_not_swallowed() -> None:
    with Failing() as connection:
        connection.error = errno.EBADF
        with pytest.raises(OSError, match="Bad file descriptor"):
            blocking.answer(connection, 1)
