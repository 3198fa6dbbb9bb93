"""Twisted: a protocol object for each connection, whose transport stops reading while too much is unsent.

What was awkward:

- ``adoptStreamPort``, which takes an existing listener, is not used. It sets the backlog to 50. It also makes the path
  of a Unix socket accessible to everyone, and removes it at the end, even if another server has replaced it
  (reports/findings/twisted-adopted-*.md). When no descriptor is left, it closes the connections that wait. It needs a
  listener in non-blocking mode, too. So a reader accepts, and ``adoptStreamConnection``, which duplicates the
  descriptor, takes each connection.
- The reactor waits only for objects with the interface ``IReadDescriptor``, so the ``stop`` object needs one as well.
- The reactor installs handlers for SIGINT and SIGTERM and a wake-up descriptor (``signal.set_wakeup_fd``), unless it is
  told not to.
- A transport buffers without limit unless a producer is registered; for an echo, that is the transport itself. Without
  ``IHalfCloseableProtocol``, it drops unsent replies when the client shuts down its sending side.
- Importing the reactor constructs it, so it is imported when the server starts.
"""

import socket
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IHalfCloseableProtocol, IReadDescriptor
from twisted.internet.protocol import Factory, Protocol
from zope.interface import implementer

from upecho.servers.shared.accepting import queued
from upecho.servers.shared.leaving import has_left
from upecho.servers.shared.stopping import end_reading
from upecho.serving.contract import OUT_OF_RESOURCES, RETRY_SECONDS, Stop

CALLS_READY = True


def serve(listener: socket.socket, stop: Stop) -> None:
    """Serve each client with a protocol object of its own until told to stop."""
    from twisted.internet import reactor  # noqa: PLC0415 (see above)

    Server(reactor, listener, stop).run()


@implementer(IHalfCloseableProtocol)
class Echo(Protocol):  # type: ignore[misc]
    """One client, whose bytes arrive in blocks of a size that Twisted chooses."""

    def connectionMade(self) -> None:
        """Register the connection, and let it stop reading while too much is unsent."""
        self.factory.open.add(self)
        self.transport.registerProducer(self.transport, streaming=True)

    def dataReceived(self, data: bytes) -> None:
        """Answer what has arrived."""
        self.transport.write(data.upper())

    def readConnectionLost(self) -> None:
        """Close the connection when everything is sent."""
        self.transport.unregisterProducer()
        self.transport.loseConnection()

    def writeConnectionLost(self) -> None:
        """Do nothing: the client has left, which ends the connection."""

    def connectionLost(self, reason: object) -> None:  # noqa: ARG002 (any way to end is normal)
        """Forget the connection."""
        self.factory.open.remove(self)
        self.factory.end_if_done()


@implementer(IReadDescriptor)
class Reader:
    """A descriptor that the reactor waits for, and what happens when it is readable."""

    def __init__(self, source: Any, on_readable: Callable[[], None]) -> None:
        self.fileno = source.fileno
        self.doRead = on_readable

    def connectionLost(self, reason: object) -> None:
        """Do nothing: neither the listener nor the stop is a connection."""

    def logPrefix(self) -> str:
        """Return how the reactor calls it in reports of errors."""
        return "upecho"


class Server(Factory):  # type: ignore[misc]
    """The listener and the open connections."""

    protocol = Echo

    def __init__(self, reactor: Any, listener: socket.socket, stop: Stop) -> None:
        self.open: set[Echo] = set()
        self._reactor, self._listener, self._stop = reactor, listener, stop
        self._listening, self._stopped = Reader(listener, self._accept), Reader(stop, self._end)

    def run(self) -> None:
        """Run the reactor until the last connection has ended after the stop."""
        self._listener.setblocking(False)
        self._listen()
        self._reactor.addReader(self._stopped)
        self._reactor.callWhenRunning(self._stop.ready)
        self._reactor.run(installSignalHandlers=False)

    def end_if_done(self) -> None:
        """End the reactor if the server has been stopped and no connection is open."""
        if not self._is_listening() and not self.open:
            self._reactor.stop()

    def _is_listening(self) -> bool:
        return self._listener.fileno() >= 0

    def _listen(self) -> None:
        if self._is_listening():
            self._reactor.addReader(self._listening)

    def _accept(self) -> None:
        accepted = list(queued(self._listener, 0))
        for connection in accepted:
            self._adopt(connection)
        if not accepted:  # no descriptor is left
            self._reactor.removeReader(self._listening)
            self._reactor.callLater(RETRY_SECONDS, self._listen)

    def _adopt(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        try:
            self._reactor.adoptStreamConnection(connection.fileno(), connection.family, self)
        except OSError as error:
            if error.errno in OUT_OF_RESOURCES:
                self._reactor.callLater(RETRY_SECONDS, self._adopt, connection)
                return
            if not has_left(error):
                raise
        connection.close()

    def _end(self) -> None:
        self._reactor.removeReader(self._stopped)
        self._reactor.removeReader(self._listening)
        for connection in queued(self._listener, self._stop.backlog):
            self._adopt(connection)
        self._listener.close()
        for client in self.open:
            end_reading(client.transport.getHandle())
        self._reactor.callLater(self._stop.grace, self._end_hard)
        self.end_if_done()

    def _end_hard(self) -> None:
        for client in list(self.open):
            client.transport.abortConnection()
