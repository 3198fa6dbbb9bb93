"""One module per I/O model, and the contract they all keep.

A server is a callable ``serve(listener, stop)``. ``listener`` is a bound, listening stream socket; nothing else
is known about it, so no server mentions an address family. ``stop`` becomes readable once the server shall end: wait
for both together, as ``shared/accepting.py`` does, and never read from ``stop``.

Protocol
    Each byte ``a``-``z`` comes back as ``A``-``Z``, every other byte unchanged: ``bytes.upper()``. Same length,
    same order, no framing, each connection on its own. When the client shuts down its sending side, the server
    sends what it still owes and then shuts down too.

Stop
    Close the listener. End each connection so that what has arrived is still answered: ``shutdown(SHUT_RD)``
    lets its handler read what the kernel holds and then see end of file, the same path as a normal end. What is
    still open after ``stop.grace`` seconds is closed hard. Then return.

Clients
    A client that resets, vanishes, half-closes, floods or says nothing is normal life: no traceback, no leak, no
    effect on the others. A client that does not read is not read from, so memory stays bounded.

Scarcity
    When descriptors or memory run out (``OUT_OF_RESOURCES``), serve those who are connected, do not spin, and
    accept again when there is room.

Nothing else is swallowed: whatever a server prints on stderr is a finding. Each module is the best honest form
of its model. A module whose server takes only so many clients at once says ``MAX_CLIENTS = N``.
"""

import errno
from dataclasses import dataclass
from typing import Protocol

from upecho.serving.settings import Settings

OUT_OF_RESOURCES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

# What accept() says of a client, or of the way to it, that is gone again before it was accepted; accept(2), "Error
# handling". EAGAIN: another process was faster.
GONE_BEFORE_ACCEPT = frozenset(
    {errno.EAGAIN, errno.ECONNABORTED, errno.EPROTO, errno.ENOPROTOOPT, errno.EOPNOTSUPP}
    | {errno.ENETDOWN, errno.ENETUNREACH, errno.EHOSTDOWN, errno.EHOSTUNREACH}
)

# How long a server that ran out of descriptors waits before it tries again: long enough to cost nothing, short
# enough that a client in the backlog hardly notices.
RETRY_SECONDS = 0.1


class Readable(Protocol):
    """Anything with a descriptor to wait for."""

    def fileno(self) -> int:
        """Return the descriptor."""
        ...


@dataclass(frozen=True)
class Stop:
    """When a server shall end, and the terms it runs under until then.

    Attributes:
        signal: readable from the moment the server shall end; never read from.
        settings: backlog, receive size in bytes, grace in seconds.
    """

    signal: Readable
    settings: Settings

    def fileno(self) -> int:
        """Return a descriptor that becomes, and stays, readable once the server shall end."""
        return self.signal.fileno()

    @property
    def grace(self) -> float:
        """Seconds that open connections get to finish."""
        return self.settings.grace

    @property
    def receive_size(self) -> int:
        """Bytes to ask for in one ``recv``."""
        return self.settings.receive_size

    @property
    def backlog(self) -> int:
        """What ``listen`` was called with, for the APIs that insist on calling it again."""
        return self.settings.backlog
