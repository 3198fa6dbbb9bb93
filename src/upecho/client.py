"""The client's side of a connection: connect, with the reason when that fails."""

import errno
import os
import socket

from upecho.address import Address
from upecho.errors import AddressError


def connect(address: Address, seconds: float, receive_buffer: int | None = None) -> socket.socket:
    """Return a blocking socket connected to ``address``, whose operations time out after ``seconds``.

    ``receive_buffer`` is the size in bytes to ask of the kernel; it counts only if set before the connection is made.

    Raises:
        AddressError: nobody listens there, or it cannot be reached.
        Unavailable: this system lacks the family.
    """
    version, name = address.resolve()
    connection = socket.socket(version, socket.SOCK_STREAM)
    connection.settimeout(seconds)
    if receive_buffer is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    try:
        connection.connect(name)
        if not address.family.is_unix:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError as error:
        connection.close()
        raise AddressError(f"cannot connect to {address}: {_explain(error)}") from None
    return connection


def _explain(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if error.errno in (errno.ECONNREFUSED, errno.ENOENT):
        return "nobody is listening there"
    return os.strerror(error.errno) if error.errno else str(error)
