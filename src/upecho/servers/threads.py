"""Threads: each connection gets a thread of its own, which ends with the connection."""

import socket
import threading

from upecho.servers.blocking import answer
from upecho.servers.shared.accepting import accepting
from upecho.servers.shared.connections import Connections
from upecho.serving.contract import Stop


def serve(listener: socket.socket, stop: Stop) -> None:
    """Serve each client in its own thread until told to stop."""

    def handle(connection: socket.socket) -> None:
        with connections.closing(connection):
            answer(connection, stop.receive_size)

    with Connections(stop) as connections:
        for connection in accepting(listener, stop):
            connections.add(connection)
            try:
                threading.Thread(target=handle, args=(connection,), daemon=True).start()
            except RuntimeError:  # no thread can be started; the connected clients are still served
                connections.close(connection)
