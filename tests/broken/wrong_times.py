"""Servers that answer too late, too early, too little, or in the wrong order."""

import functools
import select
import socket

from tests.broken.threaded import send_what_fits, serve_with

BUFFER_BYTES = 4096
IDLE_SECONDS = 0.2


def _silent(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


def _instant_close(connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_WR)


def _line_buffered(connection: socket.socket) -> None:
    with connection.makefile("rb") as lines:
        for line in lines:
            connection.sendall(line.upper())


def _full_buffer(connection: socket.socket) -> None:
    with connection.makefile("rb") as blocks:
        while block := blocks.read(BUFFER_BYTES):
            connection.sendall(block.upper())


def _speaks_first(connection: socket.socket) -> None:
    connection.sendall(b"220 WELCOME\r\n")
    _echo(connection)


def _gives_up_idle(connection: socket.socket) -> None:
    """Close a connection on which nothing comes at first."""
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    if poll.poll(IDLE_SECONDS * 1000):
        _echo(connection)


def _send_for_sendall(connection: socket.socket) -> None:
    """Take what one send accepts for all: what does not fit into the kernel's buffer is lost."""
    while data := connection.recv(65536):
        send_what_fits(connection, data.upper())


def _whole_buffer(connection: socket.socket) -> None:
    """Send the whole buffer after a receive that filled only the beginning of it."""
    buffer = bytearray(BUFFER_BYTES)
    while connection.recv_into(buffer):
        connection.sendall(buffer.upper())


def _reuses_buffer(connection: socket.socket) -> None:
    """Receive into the buffer in which the rest of the last reply still waits to be sent."""
    buffer = bytearray(65536)
    queued = memoryview(b"")
    while size := connection.recv_into(buffer):
        connection.sendall(queued)
        buffer[:size] = buffer[:size].upper()
        queued = memoryview(buffer)[send_what_fits(connection, buffer[:size]) : size]
    connection.sendall(queued)


def _reorders(connection: socket.socket) -> None:
    """Send the rest of a reply that did not fit after the beginning of the next one."""
    rest = b""
    while data := connection.recv(65536):
        reply = data.upper()
        sent = send_what_fits(connection, reply)
        connection.sendall(rest)
        rest = reply[sent:]
    connection.sendall(rest)


def _echo(connection: socket.socket) -> None:
    while data := connection.recv(65536):
        connection.sendall(data.upper())


silent = functools.partial(serve_with, _silent)
instant_close = functools.partial(serve_with, _instant_close)
line_buffered = functools.partial(serve_with, _line_buffered)
full_buffer = functools.partial(serve_with, _full_buffer)
speaks_first = functools.partial(serve_with, _speaks_first)
gives_up_idle = functools.partial(serve_with, _gives_up_idle)
send_for_sendall = functools.partial(serve_with, _send_for_sendall)
whole_buffer = functools.partial(serve_with, _whole_buffer)
reuses_buffer = functools.partial(serve_with, _reuses_buffer)
reorders = functools.partial(serve_with, _reorders)
