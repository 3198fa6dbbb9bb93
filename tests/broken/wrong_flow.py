"""Servers that cannot cope with a client that does not read."""

import collections
import functools
import select
import socket

from tests.broken.looped import Loop
from tests.broken.threaded import send_what_fits, serve_with
from upecho.serving.contract import Stop

QUEUE_BYTES = 1 << 20
TIMEOUT_SECONDS = 0.02
STALL_SECONDS = 0.005
STALLS = 15


def _unbounded(connection: socket.socket) -> None:
    """Read on, and queue without bound what the client does not take."""
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


def _spins(connection: socket.socket) -> None:
    """Try again at once what the kernel does not take."""
    while data := connection.recv(65536):
        rest = data.upper()
        while rest:
            rest = rest[send_what_fits(connection, rest) :]


def _watches_past_the_end(connection: socket.socket) -> None:
    """Queue up to a bound what the client does not take, and go on asking for input after its end."""
    queue = bytearray()
    poll = select.poll()
    ended = False
    while queue or not ended:
        reading = select.POLLIN if len(queue) < QUEUE_BYTES else 0
        poll.register(connection, reading | (select.POLLOUT if queue else 0))
        [(_, ready)] = poll.poll()
        if queue and ready & ~select.POLLIN:
            del queue[: send_what_fits(connection, queue[:65536])]
        if reading and ready & ~select.POLLOUT:
            data = connection.recv(65536)
            ended = not data
            queue += data.upper()


def _gives_up(connection: socket.socket) -> None:
    """Close on a client that does not read at once."""
    while data := connection.recv(65536):
        rest = data.upper()
        while rest := rest[send_what_fits(connection, rest) :]:
            if not select.select([], [connection], [], TIMEOUT_SECONDS)[1]:
                return


def _counts_stalls(connection: socket.socket) -> None:
    """Close on a client that has stalled for the last time of several."""
    stalls = 0
    while data := connection.recv(65536):
        if rest := data.upper()[send_what_fits(connection, data.upper()) :]:
            if not select.select([], [connection], [], STALL_SECONDS)[1]:
                stalls += 1
            if stalls == STALLS:
                return
            connection.sendall(rest)


class _BlocksEverybody(Loop):
    """Waits in one thread until a client takes what it is sent."""

    def send(self, connection: socket.socket, data: bytes) -> None:
        connection.sendall(data)


def blocks_everybody(listener: socket.socket, stop: Stop) -> None:
    """Serve all clients in one thread, with sends that wait for the client."""
    _BlocksEverybody(listener, stop).run()


def leaks_stalled(listener: socket.socket, stop: Stop) -> None:
    """Keep the descriptor of a client that left while there was something to send to it."""
    kept: list[socket.socket] = []

    def handler(connection: socket.socket) -> None:
        while data := connection.recv(65536):
            rest = data.upper()
            if rest := rest[send_what_fits(connection, rest) :]:
                try:
                    connection.sendall(rest)
                except OSError:
                    kept.append(connection.dup())
                    return

    serve_with(handler, listener, stop)


unbounded = functools.partial(serve_with, _unbounded)
spins = functools.partial(serve_with, _spins)
watches_past_the_end = functools.partial(serve_with, _watches_past_the_end)
gives_up = functools.partial(serve_with, _gives_up)
counts_stalls = functools.partial(serve_with, _counts_stalls)
