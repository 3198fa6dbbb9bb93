"""The accept loop of the blocking servers, and what every accept loop has to do after the stop."""

import errno
import selectors
import socket
import sys
from collections.abc import Iterator

from upecho.serving.contract import GONE_BEFORE_ACCEPT, OUT_OF_RESOURCES, RETRY_SECONDS, Stop

# Elsewhere, a socket that a non-blocking listener accepts is non-blocking itself: accept(2) of macOS and FreeBSD.
IS_ACCEPTED_BLOCKING = sys.platform == "linux"


def accepting(listener: socket.socket, stop: Stop) -> Iterator[socket.socket]:
    """Yield each new connection as a blocking socket; after the stop, yield those in the queue, and close the listener.

    The listener is closed before these are yielded: a server that serves one after another must not keep it open.
    """
    listener.setblocking(False)
    with listener, selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        selector.register(stop, selectors.EVENT_READ)
        while all(key.fileobj is listener for key, _ in selector.select()):
            try:
                connection = _accepted(listener)
            except OSError as error:
                if error.errno in GONE_BEFORE_ACCEPT:
                    continue
                if error.errno not in OUT_OF_RESOURCES:
                    raise
                selector.unregister(listener)
                selector.select(RETRY_SECONDS)
                selector.register(listener, selectors.EVENT_READ)
                continue
            yield connection
        waiting = list(queued(listener, stop.backlog))
    yield from waiting


def queued(listener: socket.socket, backlog: int) -> Iterator[socket.socket]:
    """Yield the connections that wait in the queue of a listener that does not block, as blocking sockets.

    Args:
        listener: The listener.
        backlog: Number of connections after which to stop, because clients may keep coming. Linux keeps one more.
    """
    for _ in range(backlog + 1):
        try:
            connection = _accepted(listener)
        except OSError as error:
            if error.errno in OUT_OF_RESOURCES | {errno.EAGAIN}:
                return
            if error.errno not in GONE_BEFORE_ACCEPT:
                raise
        else:
            yield connection


def _accepted(listener: socket.socket) -> socket.socket:
    """Accept a connection from a listener that does not block, and return it as a blocking socket."""
    connection, _ = listener.accept()
    if not IS_ACCEPTED_BLOCKING:
        connection.setblocking(True)
    return connection
