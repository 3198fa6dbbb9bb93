"""Checks of flow control: the server stops reading from a client that does not read, and nothing else suffers."""

from upecho.conformance.check import Level, check
from upecho.conformance.findings import Record, Recorded
from upecho.conformance.harness.client import Client
from upecho.conformance.harness.pace import paced
from upecho.conformance.harness.server import Server
from upecho.conformance.harness.violation import Violation, precondition
from upecho.net.address import Family

MIB = 1 << 20
SENT_AT_MOST = 32 * MIB  # many times what fits between two sockets: a server that takes it all exerts no backpressure
# A server with a bounded queue reads the smaller amounts to their end, and then sees the half-close while stalled.
HALF_CLOSED_AFTER = (SENT_AT_MOST, MIB // 2, MIB, 2 * MIB, 4 * MIB, 8 * MIB)
FLOOD_BYTES = 256 * MIB
GROWTH_BYTES = 32 * MIB
WATCH_SECONDS = 0.3
STALL_SECONDS = 0.02
ANSWERED = "the replies to what a stalled client has sent"
CLIENTS = 3
CYCLES = 20
LEAST_CYCLES = 3
CYCLES_SECONDS = 5.0


def stalled_client(server: Server, limit: int = SENT_AT_MOST) -> Client:
    """Return a client that was served, and has then sent without reading until the server accepted no more.

    Args:
        server: The server.
        limit: Number of bytes after which to stop sending.
    """
    client = server.connect()
    with precondition("an echo before the stall"):
        client.exchange(b"before the stall")
    client.stall(limit)
    return client


@check(Level.MUST)
def test_bounded_memory_under_backpressure(server: Server) -> None:
    """When a client sends 256 MiB and reads nothing, the server stops reading before its memory grows by 32 MiB.

    Source: RFC 9293 section 3.8.6: the receive window limits the sender, so a reader that stops stops the sender.
    """
    client = server.connect()
    with precondition("an echo before the stall"):
        client.exchange(b"before the stall")
    before = server.resident_bytes()
    sent = client.stall(FLOOD_BYTES, WATCH_SECONDS)
    grown = server.resident_bytes() - before
    if grown > GROWTH_BYTES or sent >= FLOOD_BYTES:
        seen = f"{sent // MIB} MiB accepted, memory grown by {grown // MIB} MiB"
        raise Violation("backpressure before the memory of the server grows", seen)
    with precondition(ANSWERED):
        client.receive()


@check(Level.MUST)
def test_stall_then_drain(server: Server) -> None:
    """A client that stalls and then reads receives the exact reply, and the server continues to answer it.

    Source: RFC 9293 section 3.1: complete and in order, however long the window was closed.
    """
    client = stalled_client(server)
    client.receive()
    client.exchange(b"after the stall")


@check(Level.MUST, clients=2)
def test_stalled_client_isolation(server: Server) -> None:
    """While one client does not read, the server answers another.

    Source: POSIX send(): it may block, which must delay only the client that the data is for.
    """
    stalled_client(server)
    server.connect().exchange(b"hello")


@check(Level.MUST, observes=True)
def test_no_busy_loop_while_stalled(server: Server) -> None:
    """A server that waits until a stalled client reads uses no CPU time, even after that client half-closes.

    Source: poll(2): readiness to write is worth waiting for only while there is data to write.
    """
    clients: list[Client] = []
    for limit in HALF_CLOSED_AFTER[: server.max_clients]:
        clients.append(stalled_client(server, limit))
        if limit == SENT_AT_MOST:
            server.expect_idle_cpu()
        clients[-1].half_close()
    server.expect_idle_cpu()
    with precondition(ANSWERED):
        for client in clients:
            client.receive()


@check(Level.MUST)
def test_close_while_stalled(server: Server) -> None:
    """After stalled clients close their connections, no descriptor stays open and new clients are served.

    Source: RFC 9293 section 3.6.1: a close with unread data is sent as RST; POSIX send(): EPIPE.
    """
    with server.expect_unharmed():
        for _ in range(CLIENTS):
            stalled_client(server).close()


@check(Level.MUST)
def test_reset_while_stalled(server: Server) -> None:
    """After stalled clients reset their connections, no descriptor stays open and new clients are served.

    Source: RFC 9293 section 3.10.7.4: RST aborts the connection; POSIX send(): ECONNRESET.
    """
    with server.expect_unharmed():
        for _ in range(CLIENTS):
            stalled_client(server).reset()


@check(Level.MUST)
def test_stall_cycles(server: Server) -> None:
    """A client that stalls and drains twenty times on one connection, or for 5 s, receives every byte.

    Source: RFC 9293 section 3.8.6.1: a window that was closed opens again.
    """
    client = server.connect()
    for _ in paced(CYCLES, least=LEAST_CYCLES, seconds=CYCLES_SECONDS):
        client.stall(SENT_AT_MOST, STALL_SECONDS)
        client.receive()


@check(Level.INFO, observes=True)
def test_memory_after_stall(server: Server, record: Record) -> None:
    """Records how much more memory the server uses after a client has stalled, drained and left.

    Source: none; allocators differ in the memory that they return.
    """
    server.expect_serves_new_clients()
    before = server.resident_bytes()
    client = stalled_client(server)
    client.receive()
    client.close()
    server.expect_serves_new_clients()
    record(Recorded((server.resident_bytes() - before) / 1024, "KiB"))


@check(Level.INFO, families=[Family.INET, Family.INET6])
def test_urgent_data(server: Server, record: Record) -> None:
    """Records what happens to a stream that contains a byte of out-of-band data.

    Source: RFC 6093: applications should not use the urgent mechanism, but it exists.
    """
    client = server.connect()
    client.send(b"before")
    client.send_urgent(b"!")
    client.send(b"after")
    client.half_close()
    client.expect_fin()
    record(Recorded(text="no harm"))
