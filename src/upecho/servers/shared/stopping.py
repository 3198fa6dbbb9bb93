"""Shutting down a connection from outside its handler: how every server here passes a stop on."""

import errno
import socket


def end_reading(connection: socket.socket) -> None:
    """Let the handler read what has arrived, then see end of file, as if the client had shut down."""
    _shut_down(connection, socket.SHUT_RD)


def end_hard(connection: socket.socket) -> None:
    """Wake a handler that is still sending: its client had the whole grace to read."""
    _shut_down(connection, socket.SHUT_RDWR)


def end_reading_descriptor(descriptor: int) -> None:
    """Do as end_reading to a socket that an event loop owns and shows by its descriptor only."""
    borrowed = socket.socket(fileno=descriptor)
    try:
        end_reading(borrowed)
    finally:
        borrowed.detach()


def _shut_down(connection: socket.socket, how: int) -> None:
    try:
        connection.shutdown(how)
    except OSError as error:
        if error.errno != errno.ENOTCONN:  # the client is gone, which the handler is about to see
            raise
