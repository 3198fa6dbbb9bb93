"""Blocking: one client after another, in the main thread. The others wait in the backlog."""

import socket

from upecho.servers.shared.accepting import accepting
from upecho.servers.shared.connections import Connections
from upecho.servers.shared.leaving import may_leave
from upecho.serving.contract import Stop

MAX_CLIENTS = 1


def serve(listener: socket.socket, stop: Stop) -> None:
    """Serve clients one by one until told to stop."""
    with Connections(stop) as connections:
        for connection in accepting(listener, stop):
            connections.add(connection)
            with connections.closing(connection):
                answer(connection, stop.receive_size)


def answer(connection: socket.socket, receive_size: int) -> None:
    """Answer one client until it shuts down its side of the connection."""
    with may_leave():
        while data := connection.recv(receive_size):
            connection.sendall(data.upper())
