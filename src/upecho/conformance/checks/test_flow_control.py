"""Checks of flow control: the server stops reading from a client that does not read, and nothing else suffers."""

from upecho.conformance.check import Level, check
from upecho.conformance.findings import Record, Recorded
from upecho.conformance.harness.clients.client import Client
from upecho.conformance.harness.servers.damage import expect_serves_new_clients, expect_unharmed
from upecho.conformance.harness.servers.server import Server
from upecho.conformance.harness.violation import Unsupported, Violation, precondition
from upecho.conformance.harness.workloads.pace import paced
from upecho.conformance.harness.workloads.stall import (
    QUEUED_BYTES,
    SENT_AT_MOST,
    STALL_SECONDS,
    bytes_held_by_buffers,
    served_client,
    stalled_client,
)
from upecho.net.address import Family
from upecho.support import timeouts

MIB = 1 << 20
# A server with a bounded queue reads the smaller amounts to their end, and then sees the half-close while stalled.
HALF_CLOSED_AFTER = (SENT_AT_MOST, MIB // 2, MIB, 2 * MIB, 4 * MIB, 8 * MIB)
FLOOD_BYTES = 256 * MIB
GROWTH_BYTES = 32 * MIB
WATCH_SECONDS = 0.3
ANSWERED = "the replies to what a stalled client has sent"
BEYOND_ANY = 1 << 30
ANSWERS = 10
OTHER_SECONDS = 2.0
CLIENTS = 3
CYCLES = 20
LEAST_CYCLES = 3
IDLE_ATTEMPTS = 3
CYCLES_SECONDS = 5.0
SMALL_RECEIVE_BUFFER = 64 << 10
SMALL_SEND_BUFFER = 16 << 10


@check(Level.MUST, seconds=0.4)
def test_bounded_memory_under_backpressure(server: Server) -> None:
    """When a client sends 256 MiB and reads nothing, the server stops reading before its memory grows by 32 MiB.

    Source: RFC 9293 section 3.8.6: the receive window limits the sender, so a reader that stops stops the sender.
    """
    client = served_client(server)
    before = server.resident_bytes()
    sent = client.stall(FLOOD_BYTES, WATCH_SECONDS)
    accepted, grown = f"{sent // MIB} MiB accepted", None
    if before is not None and (after := server.resident_bytes()) is not None:
        grown = after - before
        accepted += f", memory grown by {grown // MIB} MiB"
    if sent >= FLOOD_BYTES or (grown is not None and grown > GROWTH_BYTES):
        raise Violation("backpressure before the memory of the server grows", accepted)
    if grown is None and sent > GROWTH_BYTES:  # less cannot make a server grow too much
        raise Unsupported(f"the memory of the server cannot be seen; {accepted}")
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


@check(Level.MUST, clients=2, seconds=0.4)
def test_half_closed_client_isolation(server: Server) -> None:
    """While clients that have half-closed their connections do not read, the server answers another within 2 s.

    Each has sent a little more than the buffers of the system hold, so that the server reaches the end of the data
    while a part of the reply is not sent.

    Source: POSIX send(): it may block, which must delay only the client that the data is for.
    """
    other = served_client(server)
    held = bytes_held_by_buffers(server)
    clients = server.connect_many(min(len(QUEUED_BYTES), (server.max_clients or BEYOND_ANY) - 1))
    for client, queued in zip(clients, QUEUED_BYTES, strict=False):
        client.stall(held + queued)
        client.half_close()
        expect_answer(other)
    for _ in range(ANSWERS):  # the server may take a while to reach the end of what the last client has sent
        other.pause(STALL_SECONDS)
        expect_answer(other)
    with precondition(ANSWERED):
        for client in clients:
            client.receive()


def expect_answer(client: Client) -> None:
    """Expect that a client is answered soon."""
    seconds = timeouts.at_least(OTHER_SECONDS)
    if not client.is_served(b"hello", seconds):
        raise Violation(f"an answer to another client within {seconds:g} s", "none")


@check(Level.MUST, observes=True, seconds=0.9)
def test_no_busy_loop_while_stalled(server: Server) -> None:
    """While a client does not read, the server uses next to no CPU time (less than 3% of a core).

    The same holds after that client half-closes.

    Source: poll(2): readiness to write is worth waiting for only while there is data to write.
    """
    clients: list[Client] = []
    for limit in HALF_CLOSED_AFTER[: server.max_clients]:
        clients.append(stalled_client(server, limit))
        if limit == SENT_AT_MOST:
            expect_idle_once_stalled(server, clients)
        clients[-1].half_close()
    expect_idle_once_stalled(server, clients)
    with precondition(ANSWERED):
        for client in clients:
            client.receive()


def expect_idle_once_stalled(server: Server, clients: list[Client]) -> None:
    """Expect that the server uses no CPU time once it has done as much as it can for clients that do not read.

    Raises:
        Violation: It uses CPU time and gets nothing done.
        Unsupported: It is so slow that it has not come to that point.
    """
    for _ in range(IDLE_ATTEMPTS):
        before = [client.queued_bytes() for client in clients]
        try:
            return server.expect_idle_cpu()
        except Violation:
            if before == [client.queued_bytes() for client in clients]:
                raise
    raise Unsupported("the server is so slow that it is still busy with what stalled clients have sent")


@check(Level.MUST, seconds=0.3)
def test_close_while_stalled(server: Server) -> None:
    """After stalled clients close their connections, the server has closed its descriptors and serves new clients.

    Source: RFC 9293 section 3.6.1: a close with unread data is sent as RST; POSIX send(): EPIPE.
    """
    with expect_unharmed(server):
        for _ in range(CLIENTS):
            client = server.connect()
            client.stall(SENT_AT_MOST)
            client.close()


@check(Level.MUST, seconds=0.3)
def test_reset_while_stalled(server: Server) -> None:
    """After stalled clients reset their connections, the server has closed its descriptors and serves new clients.

    Source: RFC 9293 section 3.10.7.4: RST aborts the connection; POSIX send(): ECONNRESET.
    """
    with expect_unharmed(server):
        for _ in range(CLIENTS):
            client = server.connect()
            client.stall(SENT_AT_MOST)
            client.reset()


@check(Level.MUST, seconds=0.5)
def test_stall_cycles(server: Server) -> None:
    """A client that stalls and drains twenty times on one connection, or as often as 5 s allow, receives every byte.

    Its buffers are small, so that little data fills everything between the two.

    Source: RFC 9293 section 3.8.6.1: a window that was closed opens again.
    """
    client = server.connect(receive_buffer=SMALL_RECEIVE_BUFFER, send_buffer=SMALL_SEND_BUFFER)
    for _ in paced(CYCLES, least=LEAST_CYCLES, seconds=CYCLES_SECONDS):
        client.stall(SENT_AT_MOST, STALL_SECONDS)
        client.receive()


@check(Level.INFO, observes=True)
def test_memory_after_stall(server: Server, record: Record) -> None:
    """Records how much more memory the server uses after a client has stalled, drained and left.

    Source: none; allocators differ in the memory that they return.
    """
    expect_serves_new_clients(server)
    before = server.process.resident_bytes()
    client = stalled_client(server)
    client.receive()
    client.close()
    expect_serves_new_clients(server)
    record(Recorded((server.process.resident_bytes() - before) / 1024, "KiB"))


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
