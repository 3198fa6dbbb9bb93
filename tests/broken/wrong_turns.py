"""A server that says that it serves one client at a time, and turns away whoever comes meanwhile."""

import select
import socket

from upecho.servers.shared.accepting import accepting
from upecho.servers.shared.connections import Connections
from upecho.servers.shared.leaving import may_leave
from upecho.serving.contract import Stop

MAX_CLIENTS = 1


def turns_away(listener: socket.socket, stop: Stop) -> None:
    """Serve one client, and close the connection of every other one."""
    with Connections(stop) as connections:
        for connection in accepting(listener, stop):
            connections.add(connection)
            with connections.closing(connection), may_leave():
                _answer(connection, listener)


def _answer(connection: socket.socket, listener: socket.socket) -> None:
    while True:
        select.select([connection, listener], [], [])
        # Looked at anew: a client that has left before the next one came must have been seen to leave.
        if not select.select([connection], [], [], 0)[0]:
            listener.accept()[0].close()
            continue
        data = connection.recv(65536)
        if not data:
            return
        connection.sendall(data.upper())
