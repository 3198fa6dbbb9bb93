"""Connects an engine to a server, and names the reason when that fails."""

import errno
import socket
from types import MappingProxyType
from typing import Any

from upecho.load.connection import Broken
from upecho.load.plan import Failure
from upecho.processes import rlimits
from upecho.support.errors import HarnessError

SPARE_DESCRIPTORS = 24  # of engine and server beside their connections: streams, listener, what the loop waits with

# What connect() may fail with through the server's doing; a full backlog gives EAGAIN on Unix sockets.
FAILURES = MappingProxyType(
    {
        errno.ECONNREFUSED: Failure.REFUSED,
        errno.ENOENT: Failure.REFUSED,
        errno.EAGAIN: Failure.REFUSED,
        errno.ECONNRESET: Failure.RESET,
        errno.EINVAL: Failure.RESET,  # macOS: an option was set on a connection that had been reset
        errno.EADDRNOTAVAIL: Failure.NO_PORT,
        errno.ETIMEDOUT: Failure.TIMED_OUT,
    }
)


def connected(version: socket.AddressFamily, name: Any, seconds: float) -> socket.socket:
    """Return a non-blocking socket that is connected.

    Raises:
        Broken: the server did not let us in within that time.
        HarnessError: this system does not give us the socket.
    """
    sock = None
    try:
        sock = socket.socket(version, socket.SOCK_STREAM)
        sock.settimeout(seconds)
        sock.connect(name)
        if version != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
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
    """Say what this system did not give an engine, and what would help."""
    if error.errno == errno.EMFILE:
        return HarnessError(rlimits.too_few("so many connections"))
    return HarnessError(f"cannot open a connection for the load: {error.strerror}")


def expect_descriptors(connections: int) -> None:
    """Make sure that an engine, and a server, can have so many connections at once.

    Raises:
        HarnessError: the system does not allow a process as many descriptors.
    """
    rlimits.expect(connections + SPARE_DESCRIPTORS, f"so many connections ({connections})")
