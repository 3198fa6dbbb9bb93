"""Shutting down a connection from outside its handler, which is how the stop reaches a connection."""

import errno
import socket


def end_reading(connection: socket.socket) -> None:
    """Let the handler read what has arrived and then see end of file, as if the client had shut down its side."""
    _shut_down(connection, socket.SHUT_RD)


def end_hard(connection: socket.socket) -> None:
    """End both directions, which wakes a handler that is still sending after the grace."""
    _shut_down(connection, socket.SHUT_RDWR)


def end_reading_descriptor(descriptor: int) -> None:
    """Do the same as ``end_reading`` for a socket of which only the descriptor is known; -1 is one that was closed."""
    if descriptor < 0:
        return
    borrowed = socket.socket(fileno=descriptor)
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
