"""Servers that write to stderr while they serve."""

import socket
import traceback

from tests.broken.threads import connection_handler, echo
from upecho.servers.threads import serve as serve_correctly
from upecho.serving.contract import Stop


@connection_handler
def logs_each_connection(connection: socket.socket) -> None:
    """Write a stack trace to stderr for each connection."""
    traceback.print_stack()
    echo(connection)


@connection_handler
def logs_each_reset(connection: socket.socket) -> None:
    """Write a traceback to stderr for each connection that is reset."""
    try:
        echo(connection)
    except ConnectionError:
        traceback.print_exc()


def crashes_while_stopping(listener: socket.socket, stop: Stop) -> None:
    """Write a traceback to stderr at the end of the stop, and exit with status 0."""
    serve_correctly(listener, stop)
    try:
        listener.listen()
    except OSError:
        traceback.print_exc()
