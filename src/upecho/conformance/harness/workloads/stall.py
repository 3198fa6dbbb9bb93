"""Clients that send without reading, so that a part of the reply stays in the server."""

from upecho.conformance.harness.clients.client import Client
from upecho.conformance.harness.servers.server import Server
from upecho.conformance.harness.violation import precondition

SENT_AT_MOST = 32 << 20  # many times what fits between two sockets: a server that takes it all exerts no backpressure
STALL_SECONDS = 0.02
QUEUED_BYTES = (8 << 10, 24 << 10, 56 << 10, 120 << 10, 248 << 10, 504 << 10)  # a server may limit its queue


def served_client(server: Server) -> Client:
    """Return a client that the server has answered."""
    client = server.connect()
    with precondition("an echo before the stall"):
        client.exchange(b"before the stall")
    return client


def stalled_client(server: Server, limit: int = SENT_AT_MOST) -> Client:
    """Return a client that was served, and has then sent without reading until the server accepted no more.

    Args:
        server: The server.
        limit: Number of bytes after which to stop sending.
    """
    client = served_client(server)
    client.stall(limit)
    return client


def bytes_held_by_buffers(server: Server) -> int:
    """Return how much of a reply fits between the server and a client that does not read.

    While the server is suspended, a client receives exactly that. The amount is the same for every client of a server.
    """
    client = stalled_client(server)
    with server.paused():
        held = client.receive_available(STALL_SECONDS)
    client.close()
    return held
