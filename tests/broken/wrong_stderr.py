"""Servers that write to stderr while they serve."""

import socket
import traceback

from tests.broken.threads import connection_handler, echo


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
