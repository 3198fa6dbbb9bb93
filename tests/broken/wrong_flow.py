"""Servers that cannot cope with a client that does not read."""

import collections
import functools
import select
import socket

from tests.broken.looped import Loop
from tests.broken.threaded import send_what_fits, serve_with
from upecho.servers import Stop

PATIENCE_SECONDS = 0.02


def _reads_on(connection: socket.socket) -> None:
    """Queue without bound what the client does not take."""
    queue: collections.deque[bytes] = collections.deque()
    open_for_reading = True
    while open_for_reading or queue:
        ready, room, _ = select.select([connection] if open_for_reading else [], [connection] if queue else [], [])
        if ready:
            data = connection.recv(1 << 18)
            open_for_reading = bool(data)
            queue.append(data.upper())
        if room:
            first = queue.popleft()
            if rest := first[send_what_fits(connection, first) :]:
                queue.appendleft(rest)


def _spins(connection: socket.socket) -> None:
    """Try again at once what the kernel does not take."""
    while data := connection.recv(65536):
        rest = data.upper()
        while rest:
            rest = rest[send_what_fits(connection, rest) :]


def _gives_up(connection: socket.socket) -> None:
    """Close on a client that does not read at once."""
    while data := connection.recv(65536):
        rest = data.upper()
        while rest := rest[send_what_fits(connection, rest) :]:
            if not select.select([], [connection], [], PATIENCE_SECONDS)[1]:
                return


unbounded = functools.partial(serve_with, _unbounded)
spins = functools.partial(serve_with, _spins)
closes_clogged = functools.partial(serve_with, _closes_clogged)
loses_patience = functools.partial(serve_with, _loses_patience)
counts_stalls = functools.partial(serve_with, _counts_stalls)
