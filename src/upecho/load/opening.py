"""Opens the connections of an engine, and classifies the failures."""

import errno
import socket
from types import MappingProxyType
from typing import Any

from upecho.load.connection import Broken
from upecho.load.plan import Failure
from upecho.processes import rlimits
from upecho.support.errors import HarnessError

SPARE_DESCRIPTORS = 24  # for what engine and server open besides connections: streams, listener, selector

# Errors of connect() that the server causes; a full backlog of a Unix socket gives EAGAIN.
FAILURES = MappingProxyType(
    {
        errno.ECONNREFUSED: Failure.REFUSED,
        errno.ENOENT: Failure.REFUSED,
        errno.EAGAIN: Failure.REFUSED,
        errno.ECONNRESET: Failure.RESET,
        errno.EADDRNOTAVAIL: Failure.NO_PORT,
        errno.ETIMEDOUT: Failure.TIMED_OUT,
    }
)


def connected(version: socket.AddressFamily, name: Any, seconds: float) -> socket.socket:
    """Return a connected, non-blocking socket.

    Args:
        version: Address family.
        name: Socket address.
        seconds: Timeout in seconds.

    Raises:
        Broken: The server did not accept the connection in time.
        HarnessError: This system refuses the socket.
    """
    sock = None
    try:
        sock = socket.socket(version, socket.SOCK_STREAM)
        sock.settimeout(seconds)
        if version != socket.AF_UNIX:
            # Later, macOS would refuse options if the server has reset the connection.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.connect(name)
        sock.setblocking(False)
    except OSError as error:
        if sock:
            sock.close()
        raise _explained(error) from None
    return sock


def _explained(error: OSError) -> Exception:
    if isinstance(error, TimeoutError):
        return Broken(Failure.TIMED_OUT)
    if error.errno is not None and error.errno in FAILURES:
        return Broken(FAILURES[error.errno])
    return refusal(error)


def refusal(error: OSError) -> HarnessError:
    """Return the error for a socket, or a thread, that this system refuses, with what to do about it."""
    if error.errno == errno.EMFILE:
        return HarnessError(rlimits.too_few("the connections of the load"))
    is_thread = error.filename == "pthread_create"
    what = "start a thread of the load engine" if is_thread else "open a connection for the load"
    return HarnessError(str(error.strerror), subject=f"cannot {what}")


def expect_descriptors(connections: int) -> None:
    """Make sure that an engine and a server can have a number of open connections.

    Raises:
        HarnessError: The system does not allow a process that many descriptors.
    """
    rlimits.expect(connections + SPARE_DESCRIPTORS, f"{connections} connections")
