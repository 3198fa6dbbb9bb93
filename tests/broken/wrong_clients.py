"""Servers that mishandle several clients at once."""

import contextlib
import select
import socket
import time
from collections.abc import Iterable

from tests.broken.poll_loop import PollLoop
from tests.broken.threads import echo, serve_with
from upecho.servers.blocking import serve as serve_one_by_one
from upecho.serving.contract import Stop

MAX_TURN_SECONDS = 0.5
MORE_DATA_SECONDS = 0.05
FLOOD_BYTES = 4096
COLLECT_SECONDS = 0.001


class _SharedBuffer(PollLoop):
    def handle_ready(self, ready: list[socket.socket]) -> None:
        unsent = [connection for connection in ready if connection.fileno() in self.unsent]
        super().handle_ready(unsent)
        buffer = bytearray(65536)
        sizes = self._receive_from_all([connection for connection in ready if connection not in unsent], buffer)
        for connection, size in sizes.items():
            try:
                if size:
                    self.send(connection, bytes(buffer[:size]).upper())
                    continue
            except ConnectionError:
                pass
            self.close(connection)

    def _receive_from_all(self, ready: list[socket.socket], buffer: bytearray) -> dict[socket.socket, int]:
        """Receive once from each client until no other client has sent anything; return the numbers of bytes."""
        sizes: dict[socket.socket, int] = {}
        while ready:
            for connection in ready:
                sizes[connection] = 0
                with contextlib.suppress(ConnectionError):
                    sizes[connection] = connection.recv_into(buffer)
            others = [
                number for number, one in self.connections.items() if one not in sizes and number not in self.unsent
            ]
            ready = [self.connections[number] for number in self.wait(others, [], timeout=COLLECT_SECONDS)]
        return sizes


class _StaleData(PollLoop):
    def __init__(self, listener: socket.socket, stop: Stop) -> None:
        super().__init__(listener, stop)
        self._stale: dict[int, bytes] = {}

    def send(self, connection: socket.socket, data: bytes) -> None:
        number = connection.fileno()
        self._stale[number] = self._stale.get(number, b"") + data
        super().send(connection, self._stale[number])
        del self._stale[number]


class _Select(PollLoop):
    def wait(self, reading: Iterable[int], writing: Iterable[int], *, timeout: float | None) -> list[int]:
        readable, writable, _ = select.select(reading, writing, [], timeout)
        return [*readable, *writable]


class _Starvation(PollLoop):
    def handle(self, connection: socket.socket) -> None:
        number = connection.fileno()
        deadline = time.monotonic() + MAX_TURN_SECONDS
        flooding = number in self.unsent or _is_flooding(connection)
        super().handle(connection)
        while flooding and number in self.connections and time.monotonic() < deadline:
            unsent = number in self.unsent
            reading, writing = ([], [number]) if unsent else ([number], [])
            flooding = bool(self.wait(reading, writing, timeout=MORE_DATA_SECONDS))
            if flooding:
                super().handle(connection)


class _Postponement(PollLoop):
    def wait(self, reading: Iterable[int], writing: Iterable[int], *, timeout: float | None) -> list[int]:
        ready = super().wait(reading, writing, timeout=timeout)
        return [number for number in ready if number != self.listener.fileno()] or ready


def _is_flooding(connection: socket.socket) -> bool:
    with contextlib.suppress(ConnectionError):
        return len(connection.recv(FLOOD_BYTES, socket.MSG_PEEK)) == FLOOD_BYTES
    return False


def undeclared_max_clients(listener: socket.socket, stop: Stop) -> None:
    """Serve one client at a time without declaring `MAX_CLIENTS = 1`."""
    serve_one_by_one(listener, stop)


def shared_buffer(listener: socket.socket, stop: Stop) -> None:
    """Receive from all ready clients into one buffer before replying to any of them."""
    _SharedBuffer(listener, stop).run()


def stale_data_after_fd_reuse(listener: socket.socket, stop: Stop) -> None:
    """Keep unsent data under the descriptor number when a client disconnects, and send it to the next client."""
    _StaleData(listener, stop).run()


def select_only(listener: socket.socket, stop: Stop) -> None:
    """Wait with `select()`, which cannot watch descriptors of 1024 and above."""
    _Select(listener, stop).run()


def starves_other_clients(listener: socket.socket, stop: Stop) -> None:
    """Serve a client that floods for up to half a second before serving any other."""
    _Starvation(listener, stop).run()


def accepts_only_when_idle(listener: socket.socket, stop: Stop) -> None:
    """Postpone new clients until there is nothing to do for any other."""
    _Postponement(listener, stop).run()


def short_backlog(listener: socket.socket, stop: Stop) -> None:
    """Listen with a backlog of one connection."""
    listener.listen(1)
    serve_with(echo, listener, stop)


def nagle_enabled(listener: socket.socket, stop: Stop) -> None:
    """Enable Nagle's algorithm, which holds back small segments until earlier ones are acknowledged."""
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 0)
    serve_with(echo, listener, stop)
