"""The correct part of a broken server that runs a thread for each connection.

A broken server supplies a connection handler, or a function that computes replies, with a defect in it. Accepting,
closing and the graceful shutdown are those of upecho's own ``threads`` server.
"""

import socket
import threading
from collections.abc import Callable

from upecho.servers.shared.accepting import accepting
from upecho.servers.shared.connections import Connections
from upecho.servers.shared.leaving import may_leave
from upecho.serving.contract import Stop

RECEIVE_BYTES = 65536

Serve = Callable[[socket.socket, Stop], None]
Handler = Callable[[socket.socket], None]
Reply = Callable[[bytes], bytes]


def serve_with(handler: Handler, listener: socket.socket, stop: Stop) -> None:
    """Run ``handler`` in a thread for each connection, and close the connection when it returns."""

    def handle(connection: socket.socket) -> None:
        with connections.closing(connection), may_leave():
            handler(connection)

    with Connections(stop) as connections:
        for connection in accepting(listener, stop):
            connections.add(connection)
            threading.Thread(target=handle, args=(connection,), daemon=True).start()


def echo_with(reply: Reply) -> Handler:
    """Return a connection handler that sends ``reply(data)`` for whatever each receive returns."""

    def handler(connection: socket.socket) -> None:
        while data := connection.recv(RECEIVE_BYTES):
            connection.sendall(reply(data))

    return handler


echo = echo_with(bytes.upper)


def connection_handler(handler: Handler) -> Serve:
    """Turn a decorated connection handler into a server that runs it in a thread for each connection."""

    def serve(listener: socket.socket, stop: Stop) -> None:
        serve_with(handler, listener, stop)

    serve.__doc__ = handler.__doc__
    serve.__module__ = handler.__module__
    return serve


def reply_function(reply: Reply) -> Serve:
    """Turn a decorated function from received data to a reply into a server."""
    handler = echo_with(reply)
    handler.__doc__ = reply.__doc__
    handler.__module__ = reply.__module__
    return connection_handler(handler)


def send_what_fits(connection: socket.socket, data: bytes | bytearray) -> int:
    """Send as much as the kernel accepts without blocking, and return the number of bytes sent."""
    try:
        return connection.send(data, socket.MSG_DONTWAIT)
    except BlockingIOError:
        return 0
