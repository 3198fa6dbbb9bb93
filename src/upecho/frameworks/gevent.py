"""Gevent: ``StreamServer`` starts a greenlet for each connection, which calls the usual blocking methods.

What was awkward:

- ``StreamServer`` needs a listener in non-blocking mode, or it blocks the whole process after the first client. A
  socket of gevent is non-blocking and appears to block, so the listener is turned into one.
- When no descriptor is left, the server prints a traceback. ``do_read`` is overridden to prevent that.
- ``stop`` closes the listener without accepting the connections in its queue, so they are accepted before.

``wait_read`` waits for the ``stop`` object, as it can for any descriptor. No signal handler and no wake-up descriptor
(``signal.set_wakeup_fd``) are installed, and the standard library is not patched.
"""

import socket
from typing import Any

import gevent
import gevent.socket
from gevent.pool import Pool
from gevent.server import StreamServer

from upecho.servers.blocking import answer
from upecho.servers.shared.accepting import queued
from upecho.servers.shared.stopping import end_reading_descriptor
from upecho.serving.contract import GONE_BEFORE_ACCEPT, OUT_OF_RESOURCES, RETRY_SECONDS, Stop

CALLS_READY = True


def serve(listener: socket.socket, stop: Stop) -> None:
    """Serve each client in a greenlet of its own until told to stop."""
    connections: set[Any] = set()

    def handle(connection: Any, _address: object) -> None:
        connections.add(connection)
        try:
            answer(connection, stop.receive_size)
        finally:
            connections.remove(connection)

    waiting = gevent.socket.socket(fileno=listener.detach())
    server = Server(waiting, handle, spawn=Pool())
    server.start()
    stop.ready()
    gevent.socket.wait_read(stop.fileno())
    server.stop_accepting()
    waiting.setblocking(False)
    for connection in queued(waiting, stop.backlog):
        server.do_handle(connection, None)
    gevent.sleep(0)  # greenlets start in the order in which they were made, so each has registered its connection
    for connection in connections:
        end_reading_descriptor(connection.fileno())
    server.stop(stop.grace)


class Server(StreamServer):  # type: ignore[misc]
    """A server that pauses in silence when no descriptor is left."""

    def do_read(self) -> Any:
        """Accept a client; return None if there is none."""
        try:
            return super().do_read()
        except OSError as error:
            if error.errno in OUT_OF_RESOURCES:
                self.stop_accepting()
                gevent.spawn_later(RETRY_SECONDS, self.resume)
            elif error.errno not in GONE_BEFORE_ACCEPT:
                raise
        return None

    def resume(self) -> None:
        """Accept again, unless the server has been stopped."""
        if self.started:
            self.start_accepting()
