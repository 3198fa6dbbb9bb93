"""Socketserver: the framework of the standard library, with the mix-in that gives each connection a thread."""

import selectors
import socket
import socketserver
import threading
import time
from typing import Any

from upecho.servers.blocking import answer
from upecho.servers.shared.connections import Connections
from upecho.serving.contract import OUT_OF_RESOURCES, RETRY_SECONDS, Stop

POLL_SECONDS = 0.1  # how often serve_forever() tests whether shutdown() was called


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """A threading server on a socket that already listens, whatever its address family."""

    daemon_threads = True  # Connections waits for their connections to close
    timeout = 0  # handle_request() does not wait for a client

    def __init__(self, listener: socket.socket, stop: Stop, connections: Connections) -> None:
        socketserver.BaseServer.__init__(self, listener.getsockname(), Handler)
        self.socket = listener
        self.receive_size = stop.receive_size
        self.connections = connections

    def handle_queued(self, backlog: int) -> None:
        """Start a thread for each connection that waits in the queue, but for no more than fit in it."""
        self.queue_is_empty = False
        for _ in range(backlog + 1):
            if self.queue_is_empty:
                return
            self.handle_request()

    def handle_timeout(self) -> None:
        """Note that no connection waits."""
        self.queue_is_empty = True

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a client; pause if there is no descriptor, or the standard loop would retry at once and for ever."""
        try:
            return super().get_request()
        except OSError as error:
            if error.errno in OUT_OF_RESOURCES:
                time.sleep(RETRY_SECONDS)
            raise  # the standard loop ignores an OSError

    def process_request(self, request: Any, client_address: Any) -> None:
        """Register the connection, then start its thread."""
        self.connections.add(request)
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # no thread can be started; the connected clients are still served
            self.shutdown_request(request)

    def close_request(self, request: Any) -> None:
        """Close the connection and forget it."""
        self.connections.close(request)


class Handler(socketserver.BaseRequestHandler):
    """The handler of one connection."""

    server: Server

    def handle(self) -> None:
        """Answer the client until it shuts down its side of the connection."""
        answer(self.request, self.server.receive_size)


def serve(listener: socket.socket, stop: Stop) -> None:
    """Serve each client in its own thread until told to stop."""
    with Connections(stop) as connections, Server(listener, stop, connections) as server:
        loop = threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), daemon=True)
        loop.start()
        with selectors.DefaultSelector() as selector:
            selector.register(stop, selectors.EVENT_READ)
            selector.select()
        server.shutdown()
        server.handle_queued(stop.backlog)
