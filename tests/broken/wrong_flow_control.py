"""Servers that mishandle a client that does not read."""

import collections
import contextlib
import select
import socket
from collections.abc import Iterable

from tests.broken.poll_loop import PollLoop
from tests.broken.threads import RECEIVE_BYTES, connection_handler, send_what_fits, serve_with
from upecho.serving.contract import Stop

MAX_QUEUE_BYTES = 1 << 20
SEND_TIMEOUT_SECONDS = 0.02
LONG_SEND_TIMEOUT_SECONDS = 3
STALL_SECONDS = 0.005
MAX_STALLS = 15


@connection_handler
def unbounded_queue(connection: socket.socket) -> None:
    """Keep reading from a stalled client, and queue its replies without limit."""
    queue: collections.deque[bytes] = collections.deque()
    poll = select.poll()
    reading = select.POLLIN
    while reading or queue:
        poll.register(connection, reading | (select.POLLOUT if queue else 0))
        [(_, ready)] = poll.poll()
        if queue and ready & ~select.POLLIN:
            first = queue.popleft()
            if rest := first[send_what_fits(connection, first) :]:
                queue.appendleft(rest)
        if reading and ready & ~select.POLLOUT:
            data = connection.recv(1 << 18)
            queue.extend([data.upper()] if data else [])
            reading = reading if data else 0


@connection_handler
def busy_loops_while_stalled(connection: socket.socket) -> None:
    """Retry `send()` without waiting until a stalled client reads."""
    while data := connection.recv(RECEIVE_BYTES):
        rest = data.upper()
        while rest:
            rest = rest[send_what_fits(connection, rest) :]


@connection_handler
def polls_input_after_eof(connection: socket.socket) -> None:
    """Keep polling for input after end of file, so that the poll returns at once while the client is stalled."""
    queue = bytearray()
    poll = select.poll()
    ended = False
    while queue or not ended:
        reading = select.POLLIN if len(queue) < MAX_QUEUE_BYTES else 0
        poll.register(connection, reading | (select.POLLOUT if queue else 0))
        [(_, ready)] = poll.poll()
        if queue and ready & ~select.POLLIN:
            del queue[: send_what_fits(connection, queue[:65536])]
        if reading and ready & ~select.POLLOUT:
            data = connection.recv(RECEIVE_BYTES)
            ended = not data
            queue += data.upper()


@connection_handler
def closes_stalled_connections(connection: socket.socket) -> None:
    """Close the connection of a client that does not read for 20 ms."""
    while data := connection.recv(RECEIVE_BYTES):
        rest = data.upper()
        while rest := rest[send_what_fits(connection, rest) :]:
            if not select.select([], [connection], [], SEND_TIMEOUT_SECONDS)[1]:
                return


@connection_handler
def bounds_each_send_to_3_seconds(connection: socket.socket) -> None:
    """Close the connection of a client that has not read a whole reply after 3 seconds."""
    while data := connection.recv(RECEIVE_BYTES):
        connection.settimeout(LONG_SEND_TIMEOUT_SECONDS)
        with contextlib.suppress(TimeoutError):
            connection.sendall(data.upper())
            connection.settimeout(None)
            continue
        return


@connection_handler
def closes_after_15_stalls(connection: socket.socket) -> None:
    """Close the connection of a client that stalls for the fifteenth time."""
    stalls = 0
    while data := connection.recv(RECEIVE_BYTES):
        if rest := data.upper()[send_what_fits(connection, data.upper()) :]:
            if not select.select([], [connection], [], STALL_SECONDS)[1]:
                stalls += 1
            if stalls == MAX_STALLS:
                return
            connection.sendall(rest)


class _BlockingSends(PollLoop):
    def send(self, connection: socket.socket, data: bytes) -> None:
        connection.sendall(data)


class _BlockingFlush(PollLoop):
    """Receives although a part of the reply is unsent, up to a limit."""

    def wait(self, reading: Iterable[int], writing: Iterable[int], *, timeout: float | None) -> list[int]:
        events = dict.fromkeys(writing, select.POLLOUT)
        more = [number for number, unsent in self.unsent.items() if len(unsent) < MAX_QUEUE_BYTES]
        for number in (*reading, *more):
            events[number] = events.get(number, 0) | select.POLLIN
        poll = select.poll()
        for number, mask in events.items():
            poll.register(number, mask)
        return [number for number, _ in poll.poll(None if timeout is None else timeout * 1000)]

    def handle(self, connection: socket.socket) -> None:
        number = connection.fileno()
        queued = self.unsent.pop(number, b"")
        try:
            data = connection.recv(RECEIVE_BYTES, socket.MSG_DONTWAIT) if len(queued) < MAX_QUEUE_BYTES else None
        except BlockingIOError:
            data = None
        except ConnectionError:
            self.close(connection)
            return
        try:
            if data == b"":
                connection.sendall(queued)
                self.close(connection)
                return
            self.send(connection, queued + (data or b"").upper())
        except ConnectionError:
            self.close(connection)


def blocks_all_clients_at_eof(listener: socket.socket, stop: Stop) -> None:
    """Serve all clients in one thread, which blocks in `sendall()` when a client half-closes before it reads."""
    _BlockingFlush(listener, stop).run()


def blocks_all_clients(listener: socket.socket, stop: Stop) -> None:
    """Serve all clients in one thread, which blocks in `sendall()` while one client is stalled."""
    _BlockingSends(listener, stop).run()


def leaks_fd_per_stalled_client(listener: socket.socket, stop: Stop) -> None:
    """Keep a descriptor of each connection that ends while a reply is unsent."""
    kept: list[socket.socket] = []

    def handler(connection: socket.socket) -> None:
        while data := connection.recv(RECEIVE_BYTES):
            rest = data.upper()
            if rest := rest[send_what_fits(connection, rest) :]:
                try:
                    connection.sendall(rest)
                except OSError:
                    kept.append(connection.dup())
                    return

    serve_with(handler, listener, stop)
