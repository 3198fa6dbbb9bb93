"""The program of every first socket lesson: one client, one receive, one send, the end.

It exists to be examined, not to be used. It answers no more than one ``recv`` returns, assumes that one ``send`` sends
everything, serves a single client, and ignores the stop.
"""

import socket

from upecho.serving.contract import Stop

MAX_CLIENTS = 1


def serve(listener: socket.socket, stop: Stop) -> None:
    """Serve one client as the textbook does, then end."""
    connection, _ = listener.accept()
    data = connection.recv(1024)
    connection.send(data.upper())
    connection.close()
    listener.close()
