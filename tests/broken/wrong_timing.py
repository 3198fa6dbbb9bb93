"""Servers that reply or close at the wrong time."""

import select
import socket
import threading

from tests.broken.threads import RECEIVE_BYTES, connection_handler, echo

IDLE_SECONDS = 0.2
LONG_IDLE_SECONDS = 2


@connection_handler
def silent(connection: socket.socket) -> None:
    """Read everything and never reply."""
    while connection.recv(RECEIVE_BYTES):
        pass


@connection_handler
def falls_silent(connection: socket.socket) -> None:
    """Reply once on each connection, and then neither read nor reply."""
    connection.sendall(connection.recv(RECEIVE_BYTES).upper())
    threading.Event().wait()


@connection_handler
def closes_immediately(connection: socket.socket) -> None:
    """Close each connection right after accepting it."""
    connection.shutdown(socket.SHUT_WR)


@connection_handler
def sends_greeting(connection: socket.socket) -> None:
    """Send a greeting before the client has sent anything."""
    connection.sendall(b"220 WELCOME\r\n")
    echo(connection)


@connection_handler
def closes_idle_connections(connection: socket.socket) -> None:
    """Close a connection on which no data arrives within the first 0.2 seconds."""
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    if poll.poll(IDLE_SECONDS * 1000):
        echo(connection)


@connection_handler
def closes_connections_idle_for_2_seconds(connection: socket.socket) -> None:
    """Close a connection on which no data arrives for 2 seconds."""
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    while poll.poll(LONG_IDLE_SECONDS * 1000) and (data := connection.recv(RECEIVE_BYTES)):
        connection.sendall(data.upper())
