"""Selectors: one thread, sockets that never block, and a readiness loop around them.

Each connection is in one of two states. *Reading*: every reply has been sent, so the next bytes are received.
*Writing*: the kernel did not accept all of a reply, so nothing is received until the client has made room, which bounds
the memory.
"""

import selectors
import socket
import time
from collections.abc import Callable

from upecho.servers.shared.accepting import queued
from upecho.servers.shared.leaving import has_left
from upecho.servers.shared.stopping import end_reading
from upecho.serving.contract import GONE_BEFORE_ACCEPT, OUT_OF_RESOURCES, RETRY_SECONDS, Stop

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


def serve(listener: socket.socket, stop: Stop) -> None:
    """Serve all clients in one thread until told to stop."""
    with listener, selectors.DefaultSelector() as selector:
        Loop(listener, stop, selector).run()


class Loop:
    """The readiness loop; the callback for a ready socket is registered with it."""

    def __init__(self, listener: socket.socket, stop: Stop, selector: selectors.BaseSelector) -> None:
        self.selector = selector
        self.listener = listener
        self.stop = stop
        self.connections: set[Connection] = set()
        self.running = True
        self._due: float | None = None  # at most one timer is pending: to accept again, or the end of the grace
        self._then: Callable[[], None] = self._listen

    def run(self) -> None:
        """Run until told to stop, and then until every connection has ended or the grace is over."""
        self.listener.setblocking(False)
        self.selector.register(self.stop, READ, self._stop)
        self._listen()
        self.stop.ready()
        while self.running:
            self._turn()
        self._end_reading()
        while self.connections:
            self._turn()

    def _turn(self) -> None:
        timeout = None if self._due is None else max(0.0, self._due - time.monotonic())
        for key, _ in self.selector.select(timeout):
            key.data()
        if self._due is not None and time.monotonic() >= self._due:
            self._due = None
            self._then()

    def _after(self, seconds: float, then: Callable[[], None]) -> None:
        self._due, self._then = time.monotonic() + seconds, then

    def _listen(self) -> None:
        self.selector.register(self.listener, READ, self._accept)

    def _accept(self) -> None:
        try:
            sock, _ = self.listener.accept()
        except OSError as error:
            if error.errno in GONE_BEFORE_ACCEPT:
                return
            if error.errno not in OUT_OF_RESOURCES:
                raise
            self.selector.unregister(self.listener)
            self._after(RETRY_SECONDS, self._listen)
            return
        self.connections.add(Connection(sock, self))

    def _stop(self) -> None:
        self.selector.unregister(self.stop)
        self.running = False

    def _end_reading(self) -> None:
        if self.listener in self.selector.get_map():
            self.selector.unregister(self.listener)
        for sock in queued(self.listener, self.stop.backlog):
            self.connections.add(Connection(sock, self))
        self.listener.close()
        for connection in self.connections:
            end_reading(connection.sock)
        self._after(self.stop.grace, self._end_hard)

    def _end_hard(self) -> None:
        for connection in list(self.connections):
            connection.close()


class Connection:
    """One client, and the part of a reply that is still to be sent."""

    def __init__(self, sock: socket.socket, loop: Loop) -> None:
        sock.setblocking(False)
        self.sock = sock
        self._loop = loop
        self._receive_size = loop.stop.receive_size
        self._unsent: bytes | memoryview = b""
        loop.selector.register(sock, READ, self._read)

    def close(self) -> None:
        """Close and forget the connection."""
        self._loop.selector.unregister(self.sock)
        self._loop.connections.remove(self)
        self.sock.close()

    def _read(self) -> None:
        try:
            data = self.sock.recv(self._receive_size)
        except BlockingIOError:
            return
        except OSError as error:
            if not has_left(error):
                raise
            data = b""
        if data:
            self._send(data.upper())
        else:
            self.close()

    def _send(self, reply: bytes | memoryview) -> None:
        """Send as much of a reply as the kernel accepts; keep the rest, and receive nothing until it is sent."""
        try:
            sent = self.sock.send(reply)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            if not has_left(error):
                raise
            self.close()
            return
        if sent < len(reply):  # rare, so the view is made only here
            if not self._unsent:
                self._loop.selector.modify(self.sock, WRITE, self._write)
            self._unsent = memoryview(reply)[sent:]
        elif self._unsent:
            self._loop.selector.modify(self.sock, READ, self._read)
            self._unsent = b""

    def _write(self) -> None:
        self._send(self._unsent)
