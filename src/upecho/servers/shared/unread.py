"""Ends the reading side of connections where a shutdown would discard what has arrived: on macOS and the BSDs.

Theory of operation
    Only the handler of a connection reads from it, and it may be blocked in a call or belong to an event loop. So a
    thread looks at the connections, without reading, until nothing unread is left, and then shuts them down. It looks
    at duplicates, because a server may close its own descriptor at any moment, and its number may then stand for
    another connection. What arrives between the last look and the shutdown has arrived after the stop, and is lost.

    Not handled: a connection whose unread data stays because its client does not read the replies. The thread goes on
    to look at it, and ends with the process.
"""

import contextlib
import os
import queue
import socket
import threading
import time

POLL_SECONDS = 0.005  # between two looks; the end of a connection is late by no more

_watched: "list[queue.SimpleQueue[socket.socket]]" = []  # the queue of the thread, once it has been started


def end_when_read(connection: socket.socket) -> bool:
    """Shut down the reading side of a connection once everything that has arrived is read.

    Returns:
        Whether that will happen. It will not if there is nothing left to wait for, if no descriptor or thread is left,
        or in an interpreter without daemon threads.
    """
    try:
        duplicate = _duplicate(connection)
    except OSError:
        return False
    try:
        if not _is_read(duplicate):
            _queue().put(duplicate)
            return True
    except RuntimeError:
        pass
    duplicate.close()
    return False


def _duplicate(connection: socket.socket) -> socket.socket:
    """Return a socket for the same connection that never waits because of a timeout of the first one."""
    return socket.socket(connection.family, connection.type, connection.proto, fileno=os.dup(connection.fileno()))


def _is_read(connection: socket.socket) -> bool:
    """Whether nothing is left to read, at least not yet."""
    try:
        return not connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except OSError:  # nothing has arrived, or the connection has ended
        return True


def _queue() -> "queue.SimpleQueue[socket.socket]":
    """Return the queue of the thread, which is started if there is none."""
    if not _watched:
        added: queue.SimpleQueue[socket.socket] = queue.SimpleQueue()
        threading.Thread(target=_watch, args=(added,), name="unread", daemon=True).start()
        _watched.append(added)
    return _watched[0]


def _watch(added: "queue.SimpleQueue[socket.socket]") -> None:
    connections: list[socket.socket] = []
    while True:
        while not connections or not added.empty():
            connections.append(added.get())
        for one in [one for one in connections if _is_read(one)]:
            connections.remove(one)
            with one, contextlib.suppress(OSError):  # the client has gone, which the handler will notice
                one.shutdown(socket.SHUT_RD)
        time.sleep(POLL_SECONDS)
