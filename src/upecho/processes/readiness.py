"""When a command counts as ready: one of its own processes listens, and a connection succeeds.

Theory of operation
    A connection to a command succeeds as well if another process accepts it: an earlier server that has not ended yet,
    or one that has taken the address in the meantime. So a socket that listens at the address must belong to the
    command or to a process that descends from it. If none does for a while, a socket that did not exist before the
    command was started will do, since the command may have had another process listen, as with containers. Where the
    system does not show who listens, the connection is all that can be asked for.
"""

import math
import time

from upecho.net import connecting
from upecho.net.address import Address
from upecho.processes.child import Child
from upecho.processes.linux import listening, procfs
from upecho.support import timeouts
from upecho.support.errors import AddressError

READY_SECONDS = 10.0
DELEGATED_SECONDS = 2.0  # until a listener of another process counts as that of the command
POLL_INTERVAL_SECONDS = 0.01  # between two attempts to connect


def present_sockets(address: Address) -> set[str]:
    """Return the inodes of the sockets that listen at an address before a command is started there.

    It costs a millisecond to look for them, and a tenth of that to find that no connection succeeds.
    """
    return listening.sockets(address) if _accepts(address) else set()


def await_connection(child: Child, address: Address, earlier: set[str]) -> bool:
    """Wait until a command accepts connections; return False if it ended or accepted none in time.

    Args:
        child: The command.
        address: Where it has to listen.
        earlier: What ``present_sockets`` returned before it was started.
    """
    deadline = time.monotonic() + timeouts.scaled(READY_SECONDS)
    delegated = math.inf  # when a listener of another process begins to count
    while child.is_alive() and time.monotonic() < deadline:
        if _accepts(address):
            delegated = min(delegated, time.monotonic() + timeouts.scaled(DELEGATED_SECONDS))
            if _listens(child, address, earlier, delegated=time.monotonic() > delegated):
                return True
        time.sleep(POLL_INTERVAL_SECONDS)
    return False


def _accepts(address: Address) -> bool:
    try:
        connecting.connect(address, timeouts.scaled(READY_SECONDS)).close()
    except AddressError:
        return False
    return True


def _listens(child: Child, address: Address, earlier: set[str], *, delegated: bool) -> bool:
    """Whether it is the command, or a process that descends from it, that accepts connections.

    Args:
        child: The command.
        address: Where it has to listen.
        earlier: Inodes of the sockets that listened there before it was started.
        delegated: Whether another process may listen for the command.
    """
    candidates = listening.candidates(address)
    if not candidates or listening.holders([child.pid], candidates)[0]:
        return True
    found, complete = listening.holders(procfs.members(child.tree), candidates)
    if found or (complete and not delegated):
        return bool(found)
    present = listening.sockets(address)
    return not present or not present <= earlier
