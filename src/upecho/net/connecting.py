"""Connecting to a server, with the reason when that fails."""

import errno
import os
import socket
import struct
import sys
import time
from typing import Any

from upecho.net.address import Address, Family
from upecho.support.errors import AddressError, NoPortLeft, UpechoError

# Elsewhere, a Unix socket with a full queue refuses connections at once, like a path where no server listens any more:
# connect(2) of macOS and FreeBSD.
WAITS_FOR_ROOM = sys.platform == "linux"
ROOM_SECONDS = 1.0  # until a server that accepts at all has made room
RETRY_SECONDS = 0.01
OTHER_VERSION = {Family.INET: Family.INET6, Family.INET6: Family.INET}


def connect(
    address: Address, timeout: float, *, receive_buffer: int | None = None, send_buffer: int | None = None
) -> socket.socket:
    """Connect to a server and return a blocking socket.

    Args:
        address: Where the server listens.
        timeout: Seconds that connecting, and later each operation on the socket, may take.
        receive_buffer: Size in bytes of the kernel's receive buffer; None leaves the default. TCP derives its window
            from it, so it has to be set before connecting.
        send_buffer: Size in bytes of the kernel's send buffer; None leaves the default.

    Raises:
        AddressError: No server listens there, or the address cannot be reached.
        NoPortLeft: This system has no local port for the connection.
        Unavailable: This system lacks the socket family.
    """
    version, name = address.resolve()
    connection = socket.socket(version, socket.SOCK_STREAM)
    if receive_buffer is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    if send_buffer is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
    try:
        if address.family.is_unix:
            _connect_unix(connection, name, timeout)
            connection.settimeout(timeout)
        else:
            connection.settimeout(timeout)
            # Later, macOS would refuse options if the server has reset the connection.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.connect(name)
    except OSError as error:
        connection.close()
        raise _failure(address, name, error) from None
    return connection


def start_connecting(address: Address) -> socket.socket:
    """Start connecting and return a non-blocking socket, which may not be connected yet.

    Raises:
        AddressError: No server listens there, or it has a full backlog and a Unix socket, which cannot wait for room.
        NoPortLeft: This system has no local port for the connection.
        Unavailable: This system lacks the socket family.
    """
    version, name = address.resolve()
    connection = socket.socket(version, socket.SOCK_STREAM)
    connection.setblocking(False)
    try:
        connection.connect(name)
    except OSError as error:
        if error.errno != errno.EINPROGRESS:
            connection.close()
            raise _failure(address, name, error) from None
    return connection


def _connect_unix(connection: socket.socket, name: Any, timeout: float) -> None:
    """Connect a Unix socket, waiting for room in the backlog.

    The kernel's own timeout is used because a socket with Python's timeout is non-blocking and would fail at once.
    """
    if not WAITS_FOR_ROOM:
        _connect_repeatedly(connection, name, min(timeout, ROOM_SECONDS))
        return
    timeval = struct.pack("@ll", int(timeout), int(timeout % 1 * 1e6))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeval)
    connection.connect(name)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("@ll", 0, 0))


def _connect_repeatedly(connection: socket.socket, name: Any, timeout: float) -> None:
    """Connect a Unix socket, and try again for a while if it is refused."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            connection.connect(name)
        except ConnectionRefusedError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(RETRY_SECONDS)
        else:
            return


def _failure(address: Address, name: Any, error: OSError) -> UpechoError:
    """Return the error for a failed attempt; for a host name it says which socket address was tried."""
    if error.errno == errno.EADDRNOTAVAIL and address.family.is_available():
        return NoPortLeft()
    reason, hint = _reason(error, address.family), ""
    if not address.family.is_unix and address.host[-1:].isalpha() and ":" not in address.host:
        tried = Address(address.family, host=name[0], port=name[1])
        other = Address(OTHER_VERSION[address.family], host=address.host, port=address.port)
        reason, hint = f"{reason} (tried {tried})", f"write {other} for an address of the other IP version"
    return AddressError(reason, subject=f"cannot connect to {address}", hint=hint)


def _reason(error: OSError, family: Family) -> str:
    if isinstance(error, TimeoutError | BlockingIOError):
        return "no answer in time"
    if error.errno == errno.ECONNREFUSED and family.is_unix and not WAITS_FOR_ROOM:
        return "no server is listening there, or its queue is full"
    if error.errno in (errno.ECONNREFUSED, errno.ENOENT):
        return "no server is listening there"
    return os.strerror(error.errno) if error.errno else str(error)
