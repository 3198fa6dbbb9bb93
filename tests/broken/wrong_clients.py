"""Servers that go wrong where there are many clients."""

import selectors
import select
import socket
import time
from typing import ClassVar
from unittest import mock

from tests.broken.threaded import answering, serve_with
from upecho.servers import Stop, blocking
from upecho.servers import selectors as readiness
from upecho.servers import threads

MOMENT_SECONDS = 0.0005  # in which a client does what comes next
BULK_BYTES = 4096
GREED_SECONDS = 0.2
MORE_SECONDS = 0.02

one_at_a_time = blocking.serve  # which says so beside its serve; here nobody does


def nagle(listener: socket.socket, stop: Stop) -> None:
    """Let the kernel hold small pieces back."""

    def handler(connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 0)
        answering(bytes.upper)(connection)

    serve_with(handler, listener, stop)


def backlog_of_one(listener: socket.socket, stop: Stop) -> None:
    """Have room for hardly anybody at the door."""
    listener.listen(1)
    threads.serve(listener, stop)


def select_only(listener: socket.socket, stop: Stop) -> None:
    """Wait with select(), which knows no descriptor above 1023."""
    with listener, selectors.SelectSelector() as selector:
        readiness.Loop(listener, stop, selector).run()


class _Waiting(readiness.Connection):
    """Wait with everybody else until one client has read."""

    def _send(self, reply: memoryview) -> None:
        self.sock.setblocking(True)
        super()._send(reply)
        if self.sock.fileno() >= 0:
            self.sock.setblocking(False)


class _Greedy(readiness.Connection):
    """Stay with a client that sends much as long as more comes from it."""

    def _send(self, reply: memoryview) -> None:
        self._is_bulk = len(reply) >= BULK_BYTES
        super()._send(reply)

    def _read(self) -> None:
        until = time.monotonic() + GREED_SECONDS
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        self._is_bulk = False
        super()._read()
        while self._is_bulk and not self._owed and time.monotonic() < until and poll.poll(MORE_SECONDS * 1000):
            self._is_bulk = False
            super()._read()


class _Sharing(readiness.Connection):
    """Keep what is to be sent next in one buffer for all clients."""

    _buffer: ClassVar = bytearray(65536)

    def _send(self, reply: memoryview) -> None:
        if self._owed:
            super()._send(reply)
            return
        self._buffer[: len(reply)] = reply
        self._owed = memoryview(self._buffer)[: len(reply)]
        self._loop.selector.modify(self.sock, selectors.EVENT_WRITE, self._write)
        time.sleep(MOMENT_SECONDS)


class _Forgetful(readiness.Connection):
    """Keep what is still to be sent under the number of a descriptor, and not forget it when that is closed."""

    _queues: ClassVar[dict[int, bytes]] = {}

    def _send(self, reply: memoryview) -> None:
        number = self.sock.fileno()
        queue = bytes(reply) if self._owed else self._queues.get(number, b"") + reply
        self._queues[number] = queue
        time.sleep(MOMENT_SECONDS)
        super()._send(memoryview(queue))
        if self.sock.fileno() == number:
            self._queues[number] = bytes(self._owed)


class _ReadinessServer:
    """A readiness loop whose connections are wrong."""

    def __init__(self, connection: type[readiness.Connection]) -> None:
        self._connection = connection

    def __call__(self, listener: socket.socket, stop: Stop) -> None:
        with mock.patch.object(readiness, "Connection", self._connection):
            readiness.serve(listener, stop)


blocks_everybody = _ReadinessServer(_Waiting)
starves_others = _ReadinessServer(_Greedy)
shares_buffer = _ReadinessServer(_Sharing)
keeps_queue = _ReadinessServer(_Forgetful)
