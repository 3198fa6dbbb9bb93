"""A server that mishandles clients beyond its declared maximum.

It has a module of its own because ``MAX_CLIENTS`` is declared per module.
"""

import select
import socket

from tests.broken.threads import RECEIVE_BYTES
from upecho.servers.shared.accepting import accepting
from upecho.servers.shared.connections import Connections
from upecho.servers.shared.leaving import may_leave
from upecho.serving.contract import Stop

MAX_CLIENTS = 1


def rejects_beyond_max_clients(listener: socket.socket, stop: Stop) -> None:
    """Serve one client and close every further connection instead of leaving it in the backlog."""
    with Connections(stop) as connections:
        for connection in accepting(listener, stop):
            connections.add(connection)
            with connections.closing(connection), may_leave():
                _echo_and_reject(connection, listener)


def _echo_and_reject(connection: socket.socket, listener: socket.socket) -> None:
    while True:
        select.select([connection, listener], [], [])
        # Poll the connection again: if its client disconnected before the next one connected, the end comes first.
        if not select.select([connection], [], [], 0)[0]:
            listener.accept()[0].close()
            continue
        data = connection.recv(RECEIVE_BYTES)
        if not data:
            return
        connection.sendall(data.upper())
