"""Ports for servers that are told at which port to listen, such as programs that cannot report a port they have chosen.

Theory of operation
    Between the moment at which a port is found to be free and the moment at which a server binds it, something else
    may take it. The usual taker is an outgoing connection, since the system gives each of them a port. So the ports
    here are outside the range from which the system chooses (``ip_local_port_range`` in ip(7)). And each process has a
    block of ports of its own: it binds an abstract Unix socket whose name contains the first port of the block, and the
    kernel releases that name when the process ends.

    Elsewhere than on Linux, or if no block is left, the system chooses a port that is free at that moment.
"""

import errno
import functools
import itertools
import random
import socket
import sys
from collections.abc import Iterator

from upecho.net.address import Address
from upecho.support.errors import NoPortLeft

LOWEST = 10_000  # many services have a port below
HIGHEST = 65_535
BLOCK = 128  # ports; a process needs fewer within the minute for which the system keeps a port of a closed connection
RANGE = "/proc/sys/net/ipv4/ip_local_port_range"
NAME = "\0upecho-ports-{}"


def unused(address: Address) -> Address:
    """Return an address with a port that nothing listens at, and that nothing else is likely to take.

    Args:
        address: The address, with any port. A Unix address is returned as it is.

    Raises:
        NoPortLeft: The system has no port left.
    """
    if address.family.is_unix:
        return address
    for port in itertools.islice(_own_ports(), BLOCK):
        try:
            return _bound(address._replace(port=port))
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
    try:
        return _bound(address._replace(port=0))
    except OSError as error:
        raise NoPortLeft if error.errno == errno.EADDRINUSE else error from None


@functools.cache
def _own_ports() -> Iterator[int]:
    """Return the ports of this process, again and again; none if no block is left."""
    starts = [start for start in range(LOWEST, HIGHEST - BLOCK, BLOCK) if not _is_given_to_connections(start)]
    for start in random.sample(starts, len(starts)):
        if _reserve(start):
            return itertools.cycle(range(start, start + BLOCK))
    return iter(())


def _is_given_to_connections(start: int) -> bool:
    """Return whether the system gives ports of a block to outgoing connections."""
    lowest, highest = _range_for_connections()
    return start <= highest and start + BLOCK > lowest


@functools.cache
def _range_for_connections() -> tuple[int, int]:
    """Return the lowest and the highest port that the system gives to outgoing connections; all where it is unknown."""
    try:
        with open(RANGE) as file:  # noqa: PTH123 (pathlib imports much)
            lowest, highest = map(int, file.read().split())
    except (OSError, ValueError):
        return 0, HIGHEST
    return lowest, highest


def _reserve(start: int) -> bool:
    """Reserve a block of ports until this process ends; return whether it was free."""
    if sys.platform != "linux":
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as reservation:
        try:
            reservation.bind(NAME.format(start))
        except OSError:
            return False
        reservation.detach()
    return True


def _bound(address: Address) -> Address:
    """Bind an address for a moment, as a server without ``SO_REUSEADDR`` would; return it with its actual port."""
    version, name = address.resolve()
    with socket.socket(version, socket.SOCK_STREAM) as probe:
        probe.bind(name)
        return Address.of(probe)
