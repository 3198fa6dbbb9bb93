"""The client's side of a connection: connect, with the reason when that fails."""

import errno
import os
import socket
import struct
from typing import Any

from upecho.net.address import Address
from upecho.support.errors import AddressError, NoPortLeft, UpechoError


def connect(address: Address, seconds: float, receive_buffer: int | None = None) -> socket.socket:
    """Return a blocking socket connected to ``address``, whose operations time out after ``seconds``.

    ``receive_buffer`` is the size in bytes to ask of the kernel; it counts only if set before connecting.

    Raises:
        AddressError: nobody listens there, or it cannot be reached.
        NoPortLeft: this system has none for the connection.
        Unavailable: this system lacks the family.
    """
    version, name = address.resolve()
    connection = socket.socket(version, socket.SOCK_STREAM)
    if receive_buffer is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    try:
        if address.family.is_unix:
            _connect_unix(connection, name, seconds)
            connection.settimeout(seconds)
        else:
            connection.settimeout(seconds)
            connection.connect(name)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError as error:
        connection.close()
        raise _failure(address, error) from None
    return connection


def start_connecting(address: Address) -> socket.socket:
    """Return a non-blocking socket that is about to be connected to ``address``, or is already.

    Raises:
        AddressError: nobody listens there, or the backlog is full and, as with Unix sockets, there is no waiting.
        NoPortLeft: this system has none for the connection.
        Unavailable: this system lacks the family.
    """
    version, name = address.resolve()
    connection = socket.socket(version, socket.SOCK_STREAM)
    connection.setblocking(False)
    try:
        connection.connect(name)
    except OSError as error:
        if error.errno != errno.EINPROGRESS:
            connection.close()
            raise _failure(address, error) from None
    return connection


def _connect_unix(connection: socket.socket, name: Any, seconds: float) -> None:
    """Wait for room in the backlog: a socket with Python's timeout is non-blocking and would fail at once."""
    timeval = struct.pack("@ll", int(seconds), int(seconds % 1 * 1e6))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeval)
    connection.connect(name)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("@ll", 0, 0))


def _failure(address: Address, error: OSError) -> UpechoError:
    if error.errno == errno.EADDRNOTAVAIL and address.family.is_available():
        return NoPortLeft()
    return AddressError(f"cannot connect to {address}: {_explain(error)}")


def _explain(error: OSError) -> str:
    if isinstance(error, TimeoutError | BlockingIOError):
        return "no answer in time"
    if error.errno in (errno.ECONNREFUSED, errno.ENOENT):
        return "nobody is listening there"
    return os.strerror(error.errno) if error.errno else str(error)
