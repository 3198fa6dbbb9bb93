"""The contract between upecho and a server: what a server is given, and what it has to do.

A server is a callable ``serve(listener, stop)`` that returns after it has been stopped::

    def serve(listener: socket.socket, stop: Stop) -> None: ...

``listener`` is a stream socket that is already bound and listening. Its address family is unknown to the server, so
one implementation serves IPv4, IPv6 and Unix sockets alike. ``stop`` is a readable object: it becomes readable when the
server has to stop, and stays so. A server waits for both at once, as ``servers/shared/accepting.py`` does, and never
reads from ``stop``.

What the process is given
    ``serve`` is called in the main thread. The listener is in blocking mode, and the server may change that. upecho has
    installed Python handlers for SIGINT and SIGTERM, which signal the stop, and after the first of these signals it
    takes the timer ITIMER_REAL and SIGALRM to end a server that does not stop. It sets nothing else: no signal is
    blocked, and the wake-up descriptor (``signal.set_wakeup_fd``) is free for the event loop of the server, unless
    upecho's C extension was not built.

Protocol
    Uppercase echo. The server returns every byte ``a``-``z`` as ``A``-``Z`` and every other byte unchanged, exactly
    like ``bytes.upper()``: same length, same order, no framing, each connection independent of the others. When the
    client shuts down its sending side, the server sends the rest of its reply and closes the connection.

Stop
    1. Accept the connections that are complete, which wait in the queue of the listener, and close the listener. They
       are part of the service: their clients have connected, and perhaps sent, before the stop. Do not wait for
       others, and accept no more than the queue holds, because clients may keep coming: ``stop.backlog + 1``, since
       Linux keeps one more than the backlog. If descriptors or memory run out, the rest is lost.
    2. Let each open connection finish: call ``shutdown(SHUT_RD)``. Its handler then reads what has already arrived,
       answers it, and sees end of file, which is the path that every connection takes anyway.
    3. Close hard what is still open after ``stop.grace`` seconds.
    4. Return from ``serve``.

Clients
    A client may reset the connection, disappear, half-close, flood the server or stay silent. All of that is normal:
    it causes no traceback, no leak and no delay for other clients. A server stops reading from a client that does not
    read its replies, so memory stays bounded.

Resources
    When descriptors or memory run out (``OUT_OF_RESOURCES``), a server continues to serve the connected clients, does
    not spin, and accepts again when there is room.

Errors
    Any other error propagates. What clients do is no error, so from when it is ready until it has ended, a server
    writes no traceback, crash report or warning to stderr. While it serves it should write nothing at all, unless its
    module declares ``LOGS``. What a module writes while it is imported does not count.

A module may declare limits that the suite respects:

``MAX_CLIENTS = N``
    The server serves at most N clients at the same time; further clients wait in the backlog.
``FAMILIES = ("inet", "inet6")``
    The server serves only these address families. The module of an event loop may declare the same.
``CALLS_READY = True``
    The server calls ``stop.ready()`` when clients can connect. Until then it has not started, so what it writes to
    stderr does not count, and an exception is a failure to start. Without the declaration, a server counts as started
    when ``serve`` is called.
``LOGS = True``
    The server logs to stderr while it serves.
``GRACE = seconds``
    The server closes what is still open after this time, even if ``stop.grace`` is shorter.
"""

import errno
from collections.abc import Callable
from typing import NamedTuple, Protocol

from upecho.serving.settings import Settings

OUT_OF_RESOURCES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

# Errors of accept() that concern a client which left, or whose network failed, before it was accepted: accept(2),
# "Error handling". EAGAIN means that another process accepted the client first.
GONE_BEFORE_ACCEPT = frozenset(
    {errno.EAGAIN, errno.ECONNABORTED, errno.EPROTO, errno.ENOPROTOOPT, errno.EOPNOTSUPP}
    | {errno.ENETDOWN, errno.ENETUNREACH, errno.EHOSTDOWN, errno.EHOSTUNREACH}
)

# Pause before a server that ran out of resources accepts again: ten attempts a second cost next to nothing, and a
# client in the backlog hardly notices the delay.
RETRY_SECONDS = 0.1


class Readable(Protocol):
    """An object with a descriptor that can be waited for."""

    def fileno(self) -> int:
        """Return the descriptor."""
        ...


class Stop(NamedTuple):
    """The signal to stop, and the settings that a server runs with.

    Attributes:
        signal: Object that becomes and stays readable when the server has to stop. Never read from it.
        settings: Settings of the server.
        ready: To be called once when clients can connect, by a server whose module declares ``CALLS_READY``.
    """

    signal: Readable
    settings: Settings
    ready: Callable[[], None] = lambda: None

    def fileno(self) -> int:
        """Return the descriptor of the signal, so that this object can be passed to ``select`` and selectors."""
        return self.signal.fileno()

    @property
    def grace(self) -> float:
        """Seconds that open connections may take to finish after the stop."""
        return self.settings.grace

    @property
    def receive_size(self) -> int:
        """Bytes to request with one ``recv``."""
        return self.settings.receive_size

    @property
    def backlog(self) -> int:
        """Backlog that ``listen`` was called with, for APIs that call it again."""
        return self.settings.backlog
