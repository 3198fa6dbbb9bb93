"""The right part of a broken server: a thread for each connection, a clean stop, and a handler that may be wrong."""

import socket
import threading
from collections.abc import Callable

from upecho.servers.shared.accepting import accepting
from upecho.servers.shared.connections import Connections
from upecho.servers.shared.leaving import may_leave
from upecho.serving.contract import Stop

Handler = Callable[[socket.socket], None]
Change = Callable[[bytes], bytes]


def serve_with(handler: Handler, listener: socket.socket, stop: Stop) -> None:
    """Run ``handler`` in a thread for each connection, and close the connection when it returns."""

    def handle(connection: socket.socket) -> None:
        with connections.closing(connection), may_leave():
            handler(connection)

    with Connections(stop) as connections:
        for connection in accepting(listener, stop):
            connections.add(connection)
            threading.Thread(target=handle, args=(connection,), daemon=True).start()


def answering(change: Change) -> Handler:
    """Return a handler that answers what it receives, changed in a way that may be wrong."""

    def handler(connection: socket.socket) -> None:
        while data := connection.recv(65536):
            connection.sendall(change(data))

    return handler


def send_what_fits(connection: socket.socket, data: bytes | bytearray) -> int:
    """Send as much as the kernel takes at once; return how much that was."""
    try:
        return connection.send(data, socket.MSG_DONTWAIT)
    except BlockingIOError:
        return 0
