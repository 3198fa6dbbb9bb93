"""Whether a server would handle a signal, or the signal would simply end it.

Theory of operation
    A process handles a signal if it catches, blocks or ignores it. The first process of a server may be a wrapper, such
    as a shell or ``timeout``, which passes signals on to the process that listens. So the first process has to handle
    the signal and, if other processes listen, so does one of them.

    A command may install its handlers after it has begun to listen, and it has no means to tell when it has.
"""

import time
from dataclasses import dataclass

from upecho.net.address import Address
from upecho.processes.child import Child
from upecho.processes.linux import listening, procfs, signal_masks
from upecho.support import timeouts

HANDLER_POLL_SECONDS = 0.002  # between two readings of the signals that a process handles


@dataclass(frozen=True)
class Handling:
    """What would become of a signal that is sent to a server.

    Attributes:
        is_handled: Whether the signal would not simply end the server; None where the system does not show it.
        is_wrapped: Whether another process than the first one listens, so that the server receives the signal from it.
    """

    is_handled: bool | None
    is_wrapped: bool


def await_handler(child: Child, address: Address, *, number: int, timeout: float) -> Handling:
    """Wait until a server handles a signal; return what is known at the end.

    Args:
        child: The first process of the server.
        address: Where the server listens.
        number: The signal.
        timeout: Seconds to wait; it is scaled.
    """
    deadline = time.monotonic() + timeouts.scaled(timeout)
    while True:
        handling = _look(child, address, number)
        if handling.is_handled is not False or time.monotonic() >= deadline or not child.is_alive():
            return handling
        time.sleep(HANDLER_POLL_SECONDS)


def _look(child: Child, address: Address, number: int) -> Handling:
    if not procfs.AVAILABLE:
        return Handling(None, is_wrapped=False)
    serving = listeners(child, address)
    is_wrapped = bool(serving) and child.pid not in serving
    needed = [[child.pid], serving] if is_wrapped else [[child.pid]]  # one process of each list
    found = [[signal_masks.handles(pid, number) for pid in pids] for pids in needed]
    if any(True not in some and None in some for some in found):
        return Handling(None, is_wrapped)
    return Handling(all(True in some for some in found), is_wrapped)


def listeners(child: Child, address: Address) -> list[int]:
    """Return the ids of the processes that listen: the first one, or else those that descend from it."""
    candidates = listening.candidates(address)
    own, _ = listening.holders([child.pid], candidates)
    return own or listening.holders(procfs.members(child.tree), candidates)[0]
