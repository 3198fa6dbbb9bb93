"""Servers that behave until it counts: the first connections are served well, the later ones for one request only."""

import functools
import itertools
import os
import socket

from tests.broken.threaded import Handler, answering, serve_with
from upecho.serving.contract import Stop

WELL = 4  # connections
SIZE = 64  # bytes of a request


def _serve(then: Handler, listener: socket.socket, stop: Stop) -> None:
    numbers = itertools.count(1)
    honest = answering(bytes.upper)

    def handler(connection: socket.socket) -> None:
        if next(numbers) <= WELL:
            honest(connection)
        else:
            connection.sendall(connection.recv(SIZE, socket.MSG_WAITALL).upper())
            then(connection)

    serve_with(handler, listener, stop)


def _die(data: bytes) -> bytes:
    os._exit(7)


dying = functools.partial(_serve, answering(_die))
truncating = functools.partial(_serve, answering(lambda data: data.upper()[:-1]))
over_sending = functools.partial(_serve, answering(lambda data: data.upper() + b"!"))
stalling = functools.partial(_serve, answering(lambda data: b""))
lower_case = functools.partial(_serve, answering(bytes.lower))
stale = functools.partial(_serve, answering(lambda data: b"A" * len(data)))
