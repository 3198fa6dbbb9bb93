"""Servers that cannot cope with several clients."""

import contextlib
import select
import socket
import time
from collections.abc import Iterable

from tests.broken.looped import Loop
from tests.broken.threaded import answering, serve_with
from upecho.servers.blocking import serve as serve_one_by_one
from upecho.serving.contract import Stop

TURN_SECONDS = 0.2
MORE_SECONDS = 0.05
MUCH_BYTES = 4096
COLLECT_SECONDS = 0.001


class _OneBuffer(Loop):
    """Receives from all who have sent something into one buffer before it answers any of them."""

    def turn(self, ready: list[socket.socket]) -> None:
        waiting = [connection for connection in ready if connection.fileno() in self.owed]
        super().turn(waiting)
        ready = [connection for connection in ready if connection not in waiting]
        buffer = bytearray(65536)
        sizes: dict[socket.socket, int] = {}
        while ready:
            for connection in ready:
                sizes[connection] = 0
                with contextlib.suppress(ConnectionError):
                    sizes[connection] = connection.recv_into(buffer)
            others = [number for number, one in self.opened.items() if one not in sizes and number not in self.owed]
            ready = [self.opened[number] for number in self.wait(others, [], COLLECT_SECONDS)]
        for connection, size in sizes.items():
            try:
                if size:
                    self.send(connection, bytes(buffer[:size]).upper())
                    continue
            except ConnectionError:
                pass
            self.close(connection)


class _BufferOfDescriptor(Loop):
    """Keeps what is owed under the number of the descriptor, and does not clear it when the client leaves."""

    def __init__(self, listener: socket.socket, stop: Stop) -> None:
        super().__init__(listener, stop)
        self._unsent: dict[int, bytes] = {}

    def send(self, connection: socket.socket, data: bytes) -> None:
        number = connection.fileno()
        self._unsent[number] = self._unsent.get(number, b"") + data
        super().send(connection, self._unsent[number])
        del self._unsent[number]


class _Select(Loop):
    """Watches descriptors with select(), which cannot watch all of them."""

    def wait(self, reading: Iterable[int], writing: Iterable[int], seconds: float | None) -> list[int]:
        readable, writable, _ = select.select(reading, writing, [], seconds)
        return [*readable, *writable]


def _has_much_to_say(connection: socket.socket) -> bool:
    with contextlib.suppress(ConnectionError):
        return len(connection.recv(MUCH_BYTES, socket.MSG_PEEK)) == MUCH_BYTES
    return False


class _Starves(Loop):
    """Stays with a client that has much to say until it has said it."""

    def answer(self, connection: socket.socket) -> None:
        number = connection.fileno()
        until = time.monotonic() + TURN_SECONDS
        talkative = number in self.owed or _has_much_to_say(connection)
        super().answer(connection)
        while talkative and number in self.opened and time.monotonic() < until:
            owing = number in self.owed
            talkative = bool(self.wait([] if owing else [number], [number] if owing else [], MORE_SECONDS))
            if talkative:
                super().answer(connection)


def claims_many(listener: socket.socket, stop: Stop) -> None:
    """Serve one client at a time, and not say so."""
    serve_one_by_one(listener, stop)


def one_buffer(listener: socket.socket, stop: Stop) -> None:
    """Serve with one buffer for all."""
    _OneBuffer(listener, stop).run()


def buffer_of_descriptor(listener: socket.socket, stop: Stop) -> None:
    """Serve with a buffer for each descriptor."""
    _BufferOfDescriptor(listener, stop).run()


def select_only(listener: socket.socket, stop: Stop) -> None:
    """Serve as many as select() takes."""
    _Select(listener, stop).run()


def starves(listener: socket.socket, stop: Stop) -> None:
    """Serve one client for long while others wait."""
    _Starves(listener, stop).run()


def short_backlog(listener: socket.socket, stop: Stop) -> None:
    """Leave room for one client at the door."""
    listener.listen(1)
    serve_with(answering(bytes.upper), listener, stop)


def nagle(listener: socket.socket, stop: Stop) -> None:
    """Let the kernel wait for an acknowledgement before it sends the next small piece."""
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 0)
    serve_with(answering(bytes.upper), listener, stop)
