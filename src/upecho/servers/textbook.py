"""The program of every first socket lesson: one client, one receive, one send, the end.

It is here to be examined, not to be used. It answers at most what one ``recv`` returns, takes what one ``send``
accepts for the whole, serves one client in its life, and has never heard of being told to stop.
"""

import socket

from upecho.serving.contract import Stop

MAX_CLIENTS = 1


def serve(listener: socket.socket, stop: Stop) -> None:  # noqa: ARG001 (a first lesson knows no stop)
    """Serve one client as the textbook does, and end."""
    connection, _ = listener.accept()
    data = connection.recv(1024)
    connection.send(data.upper())
    connection.close()
    listener.close()
