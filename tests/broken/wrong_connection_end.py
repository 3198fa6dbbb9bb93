"""Servers that handle the end of a connection wrongly."""

import os
import select
import socket
import struct

from tests.broken.threads import RECEIVE_BYTES, connection_handler, echo, send_what_fits, serve_with
from upecho.serving.contract import Stop

MAX_QUEUE_BYTES = 16 << 20


@connection_handler
def resets_on_close(connection: socket.socket) -> None:
    """Close with a linger time of zero, which resets the connection."""
    echo(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def never_closes(listener: socket.socket, stop: Stop) -> None:
    """Keep the connection open after the client has shut down its sending side."""
    kept: list[socket.socket] = []

    def handler(connection: socket.socket) -> None:
        echo(connection)
        kept.append(connection.dup())

    serve_with(handler, listener, stop)


@connection_handler
def discards_queue_at_eof(connection: socket.socket) -> None:
    """Discard queued replies when the client shuts down its sending side."""
    queue = bytearray()
    poll = select.poll()
    while True:
        reading = select.POLLIN if len(queue) < MAX_QUEUE_BYTES else 0
        poll.register(connection, reading | (select.POLLOUT if queue else 0))
        [(_, ready)] = poll.poll()
        if queue and ready & ~select.POLLIN:
            del queue[: send_what_fits(connection, queue[:65536])]
        if reading and ready & ~select.POLLOUT:
            data = connection.recv(RECEIVE_BYTES)
            if not data:
                return
            sent = 0 if queue else send_what_fits(connection, data.upper())
            queue += data[sent:].upper()


@connection_handler
def stops_sending_at_half_close(connection: socket.socket) -> None:
    """Take it for the end of the connection if the client half-closes while the server waits for room to send."""
    poll = select.poll()
    poll.register(connection, select.POLLOUT | select.POLLRDHUP)
    while rest := connection.recv(RECEIVE_BYTES).upper():
        while rest := rest[send_what_fits(connection, rest) :]:
            [(_, ready)] = poll.poll()
            if ready & select.POLLRDHUP:
                return


@connection_handler
def crashes_on_reset(connection: socket.socket) -> None:
    """Exit with status 1 when a connection is reset."""
    try:
        echo(connection)
    except ConnectionError:
        os._exit(1)


def leaks_fd_per_connection(listener: socket.socket, stop: Stop) -> None:
    """Keep a descriptor of each connection after shutting the connection down."""
    kept: list[socket.socket] = []

    def handler(connection: socket.socket) -> None:
        kept.append(connection.dup())
        echo(connection)
        connection.shutdown(socket.SHUT_WR)

    serve_with(handler, listener, stop)


def leaks_fd_per_reset(listener: socket.socket, stop: Stop) -> None:
    """Keep a descriptor of each connection that was reset."""
    kept: list[socket.socket] = []

    def handler(connection: socket.socket) -> None:
        try:
            echo(connection)
        except ConnectionError:
            kept.append(connection.dup())

    serve_with(handler, listener, stop)


def leaks_fd_per_silent_client(listener: socket.socket, stop: Stop) -> None:
    """Keep a descriptor of each connection that ends before the client has sent a byte."""
    kept: list[socket.socket] = []

    def handler(connection: socket.socket) -> None:
        if not connection.recv(1, socket.MSG_PEEK):
            kept.append(connection.dup())
        echo(connection)
        connection.shutdown(socket.SHUT_WR)

    serve_with(handler, listener, stop)
