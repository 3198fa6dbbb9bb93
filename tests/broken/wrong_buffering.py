"""Servers that wait for a full buffer, or lose, repeat or reorder data in one."""

import socket

from tests.broken.threads import RECEIVE_BYTES, connection_handler, send_what_fits

BUFFER_BYTES = 4096
ROUND_BUFFER_BYTES = 10_000


@connection_handler
def line_buffered(connection: socket.socket) -> None:
    """Reply only to complete lines, or at end of file."""
    with connection.makefile("rb") as lines:
        for line in lines:
            connection.sendall(line.upper())


@connection_handler
def block_buffered(connection: socket.socket) -> None:
    """Reply only once 4096 bytes have arrived, or at end of file."""
    with connection.makefile("rb") as blocks:
        while block := blocks.read(BUFFER_BYTES):
            connection.sendall(block.upper())


@connection_handler
def waits_after_full_receive(connection: socket.socket) -> None:
    """Wait for more after a receive that fills the buffer of 10,000 bytes."""
    parts: list[bytes] = []
    while data := connection.recv(ROUND_BUFFER_BYTES):
        parts.append(data)
        if len(data) < ROUND_BUFFER_BYTES:
            connection.sendall(b"".join(parts).upper())
            parts.clear()
    connection.sendall(b"".join(parts).upper())


@connection_handler
def ignores_short_sends(connection: socket.socket) -> None:
    """Call `send()` once per reply, and lose what the kernel did not accept."""
    while data := connection.recv(RECEIVE_BYTES):
        send_what_fits(connection, data.upper())


@connection_handler
def sends_whole_buffer(connection: socket.socket) -> None:
    """Send the whole receive buffer, although a receive filled only the beginning of it."""
    buffer = bytearray(BUFFER_BYTES)
    while connection.recv_into(buffer):
        connection.sendall(buffer.upper())


@connection_handler
def overwrites_unsent_data(connection: socket.socket) -> None:
    """Receive into the buffer that still holds the unsent rest of the previous reply."""
    buffer = bytearray(RECEIVE_BYTES)
    queued = memoryview(b"")
    while size := connection.recv_into(buffer):
        connection.sendall(queued)
        buffer[:size] = buffer[:size].upper()
        queued = memoryview(buffer)[send_what_fits(connection, buffer[:size]) : size]
    connection.sendall(queued)


@connection_handler
def reorders_replies(connection: socket.socket) -> None:
    """Send the unsent rest of a reply after the beginning of the next one."""
    rest = b""
    while data := connection.recv(RECEIVE_BYTES):
        reply = data.upper()
        sent = send_what_fits(connection, reply)
        connection.sendall(rest)
        rest = reply[sent:]
    connection.sendall(rest)
