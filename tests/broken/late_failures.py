"""Servers that pass the warm-up and fail only in the load that is measured.

They test that the bench reports no figures for a server that breaks late. Each serves its first connections
correctly, answers one more request on every later connection, and then fails in its own way.
"""

import itertools
import os
import socket

from tests.broken.threads import Handler, Reply, Serve, echo, echo_with, serve_with
from upecho.serving.contract import Stop

CORRECT_CONNECTIONS = 4
REQUEST_BYTES = 64


def _fail_late(reply: Reply) -> Serve:
    """Turn a decorated function, which computes wrong replies, into a server that uses it late."""
    then: Handler = echo_with(reply)

    def serve(listener: socket.socket, stop: Stop) -> None:
        numbers = itertools.count(1)

        def handler(connection: socket.socket) -> None:
            if next(numbers) <= CORRECT_CONNECTIONS:
                echo(connection)
            else:
                connection.sendall(connection.recv(REQUEST_BYTES, socket.MSG_WAITALL).upper())
                then(connection)

        serve_with(handler, listener, stop)

    serve.__doc__ = reply.__doc__
    return serve


@_fail_late
def exits(_data: bytes) -> bytes:
    """Exit with status 7."""
    os._exit(7)


@_fail_late
def truncates(data: bytes) -> bytes:
    """Drop the last byte of each reply."""
    return data.upper()[:-1]


@_fail_late
def sends_surplus(data: bytes) -> bytes:
    """Append a byte to each reply."""
    return data.upper() + b"!"


@_fail_late
def stalls(_data: bytes) -> bytes:
    """Read requests and never reply to them."""
    return b""


@_fail_late
def lower_case(data: bytes) -> bytes:
    """Convert to lower case instead of upper case."""
    return data.lower()


@_fail_late
def repeats_old_data(data: bytes) -> bytes:
    """Reply with the right number of bytes, all of them ``A``."""
    return b"A" * len(data)
