"""Servers in threads of the test process, and loads that are put on them."""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from upecho.load.engine import Engine, Meter
from upecho.load.plan import LoadResult, Plan
from upecho.net.address import Address
from upecho.processes.linux import procfs

Handler = Callable[[socket.socket], None]


class Selected:
    """The engine under test, which the fixture ``engine_name`` selects."""

    engine: Engine


def run(address: Address, plan: Plan, meter: Meter | None = None) -> LoadResult:
    return Selected.engine(address, plan, meter)


def plan(connections: int = 1, size: int = 64, *, requests: int = 50, deadline: float = 10.0) -> Plan:
    return Plan(connections, size, duration_seconds=60.0, deadline_seconds=deadline, max_requests=requests)


@contextmanager
def serving(handler: Handler) -> Iterator[Address]:
    """Serve each connection in a thread; a connection is closed after its handler."""

    def serve(connection: socket.socket) -> None:
        with connection, contextlib.suppress(ConnectionError):
            handler(connection)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                threads.append(threading.Thread(target=serve, args=[listener.accept()[0]]))
                threads[-1].start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threads = [threading.Thread(target=accept)]
        threads[0].start()
        yield Address.of(listener)
        listener.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()


def load(handler: Handler, wanted: Plan | None = None) -> LoadResult:
    """Put a load on a server that handles each connection in this way."""
    with serving(handler) as address:
        return run(address, wanted or plan())


def used(cpu_ns: int) -> procfs.Use:
    return procfs.Use(cpu_ns, 0, 0, 0, 0, 0, 0)


class CountingServer:
    """A correct server of messages of 64 bytes, and a meter that shows how many it has received.

    Attributes:
        served: Messages that it has received.
        readings: Number of these messages at each reading of the meter.
    """

    def __init__(self) -> None:
        self.served: list[bytes] = []
        self.readings: list[int] = []

    def answer(self, connection: socket.socket) -> None:
        while data := connection.recv(64, socket.MSG_WAITALL):
            self.served.append(data)
            connection.sendall(data.upper())

    def meter(self) -> procfs.Use:
        self.readings.append(len(self.served))
        return used(len(self.served))


def answering(change: Callable[[bytes], bytes]) -> Handler:
    """Return a handler that replies with changed data."""

    def answer(connection: socket.socket) -> None:
        while data := connection.recv(65536):
            connection.sendall(change(data))

    return answer


correct = answering(bytes.upper)


def after(requests: int, then: Handler) -> Handler:
    """Return a handler that is correct for a number of requests of 64 bytes."""

    def answer(connection: socket.socket) -> None:
        for _ in range(requests):
            connection.sendall(connection.recv(64, socket.MSG_WAITALL).upper())
        connection.recv(64, socket.MSG_WAITALL)
        then(connection)

    return answer


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def wait_for_end(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass
