"""Servers that handle the end of a connection wrongly."""

import functools
import os
import select
import socket
import struct

from tests.broken.threaded import answering, send_what_fits, serve_with
from upecho.serving.contract import Stop

QUEUE_BYTES = 16 << 20

_echo = answering(bytes.upper)


def _resets_at_end(connection: socket.socket) -> None:
    _echo(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _closes_unflushed(connection: socket.socket) -> None:
    """Queue what the client does not take yet, up to a bound, and forget the queue at end of file."""
    queue = bytearray()
    poll = select.poll()
    while True:
        reading = select.POLLIN if len(queue) < QUEUE_BYTES else 0
        poll.register(connection, reading | (select.POLLOUT if queue else 0))
        [(_, ready)] = poll.poll()
        if queue and ready & ~select.POLLIN:
            del queue[: send_what_fits(connection, queue[:65536])]
        if reading and ready & ~select.POLLOUT:
            data = connection.recv(65536)
            if not data:
                return
            sent = 0 if queue else send_what_fits(connection, data.upper())
            queue += data[sent:].upper()


def _dies_of_reset(connection: socket.socket) -> None:
    try:
        _echo(connection)
    except ConnectionError:
        os._exit(1)


def never_closes(listener: socket.socket, stop: Stop) -> None:
    """Keep a connection open after the client has shut down its side."""
    kept: list[socket.socket] = []

    def handler(connection: socket.socket) -> None:
        _echo(connection)
        kept.append(connection.dup())

    serve_with(handler, listener, stop)


def leaks_per_connection(listener: socket.socket, stop: Stop) -> None:
    """Shut a connection down, but keep its descriptor."""
    kept: list[socket.socket] = []

    def handler(connection: socket.socket) -> None:
        kept.append(connection.dup())
        _echo(connection)
        connection.shutdown(socket.SHUT_WR)

    serve_with(handler, listener, stop)


def leaks_per_reset(listener: socket.socket, stop: Stop) -> None:
    """Keep the descriptor of a connection that was reset."""
    kept: list[socket.socket] = []

    def handler(connection: socket.socket) -> None:
        try:
            _echo(connection)
        except ConnectionError:
            kept.append(connection.dup())

    serve_with(handler, listener, stop)


def leaks_the_silent(listener: socket.socket, stop: Stop) -> None:
    """Keep the descriptor of a client that ends without having sent a byte."""
    kept: list[socket.socket] = []

    def handler(connection: socket.socket) -> None:
        if not connection.recv(1, socket.MSG_PEEK):
            kept.append(connection.dup())
        _echo(connection)
        connection.shutdown(socket.SHUT_WR)

    serve_with(handler, listener, stop)


resets_at_end = functools.partial(serve_with, _resets_at_end)
closes_unflushed = functools.partial(serve_with, _closes_unflushed)
dies_of_reset = functools.partial(serve_with, _dies_of_reset)
