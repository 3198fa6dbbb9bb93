"""Shutting down a connection from outside its handler, which is how the stop reaches a connection."""

import errno
import socket
import sys

# Elsewhere, shutdown(SHUT_RD) discards what has arrived and was not read: sorflush() in the sources of XNU and FreeBSD.
KEEPS_UNREAD = sys.platform == "linux"


def end_reading(connection: socket.socket) -> None:
    """Let the handler read what has arrived and then see end of file, as if the client had shut down its side."""
    if not KEEPS_UNREAD:
        from upecho.servers.shared import unread  # noqa: PLC0415 (it would change what a measured server has loaded)

        if unread.end_when_read(connection):
            return
    _shut_down(connection, socket.SHUT_RD)


def end_hard(connection: socket.socket) -> None:
    """End both directions, which wakes a handler that is still sending after the grace.

    macOS refuses SHUT_RDWR, and ends neither direction, if one has ended before: soshutdownlock_final() in
    uipc_socket.c of XNU.
    """
    _shut_down(connection, socket.SHUT_RD)
    _shut_down(connection, socket.SHUT_WR)


def end_reading_descriptor(descriptor: int) -> None:
    """Do the same as ``end_reading`` for a socket of which only the descriptor is known; -1 is one that was closed."""
    if descriptor < 0:
        return
    try:
        borrowed = socket.socket(fileno=descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # what macOS says of a connection that the client has reset
            raise
        return
    try:
        end_reading(borrowed)
    finally:
        borrowed.detach()


def _shut_down(connection: socket.socket, how: int) -> None:
    try:
        connection.shutdown(how)
    except OSError as error:
        if error.errno != errno.ENOTCONN:  # the client has gone, which the handler will notice
            raise
