"""Checks of connections on which nothing moves for seconds; they wait while other checks run."""

from upecho.conformance.check import Level, check
from upecho.conformance.harness.servers.server import Server
from upecho.conformance.harness.violation import precondition

SECONDS = 3.2  # longer than the timeouts of 1, 2 and 3 s that servers use
STALLED_BYTES = 32 << 20  # many times what fits between two sockets
HALF_CLOSED_BYTES = 1 << 20


@check(Level.MUST, background=True, seconds=0.5)
def test_long_stall(server: Server) -> None:
    """A client that reads nothing for 3.2 s, and a half-closed one that does so, then receive the complete reply.

    Source: RFC 9293 section 3.8.6.1: a window may stay closed indefinitely; a timeout for a send must not bound that.
    """
    clients = server.connect_many(2)
    with precondition("a client that stalls"):
        for client, limit in zip(clients, (STALLED_BYTES, HALF_CLOSED_BYTES), strict=False):
            client.exchange(b"before the stall")
            client.stall(limit)
    for client in clients[1:]:
        client.half_close()
    clients[0].pause(SECONDS)
    for client in clients:
        client.receive()
    clients[0].exchange(b"after the stall")


@check(Level.MUST, background=True, seconds=0.3)
def test_idle_connection_kept(server: Server) -> None:
    """The server keeps a connection open on which nothing is sent for 3.2 s, sends nothing there, and answers later.

    Source: RFC 862: a connection lasts until the client ends it, and may be silent.
    """
    clients = server.connect_many(2)  # the second one stays silent from the beginning
    with precondition("an echo before the silence"):
        clients[0].exchange(b"x")
    clients[0].pause(SECONDS)
    for client in clients:
        client.expect_open(0)
        client.exchange(b"after the silence")
