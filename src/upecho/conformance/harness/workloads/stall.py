"""How much a client sends that does not read, so that a part of the reply stays in the server."""

from upecho.conformance.harness.servers.server import Server
from upecho.conformance.harness.violation import precondition

SENT_AT_MOST = 32 << 20  # many times what fits between two sockets: a server that takes it all exerts no backpressure
STALL_SECONDS = 0.02
QUEUED_BYTES = (8 << 10, 24 << 10, 56 << 10, 120 << 10, 248 << 10, 504 << 10)  # a server may limit its queue


def bytes_held_by_buffers(server: Server) -> int:
    """Return how much of a reply fits between the server and a client that does not read.

    While the server is suspended, a client receives exactly that. The amount is the same for every client of a server.
    """
    client = server.connect()
    with precondition("an echo before the stall"):
        client.exchange(b"x")
    client.stall(SENT_AT_MOST)
    with server.paused():
        held = client.receive_available(STALL_SECONDS)
    client.close()
    return held
