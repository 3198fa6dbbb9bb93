"""One exchange with an echo server, for tests that are about something else."""

import socket


def exchange(client: socket.socket, text: bytes = b"hello") -> bytes:
    """Send a text; return as many bytes of the reply, or fewer if the server closes the connection."""
    client.sendall(text)
    return client.recv(len(text), socket.MSG_WAITALL)
