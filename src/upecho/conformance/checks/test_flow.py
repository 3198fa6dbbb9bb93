"""Checks of the flow: a client that does not read is no longer read from, harms nobody, and loses nothing."""

from collections.abc import Callable

from upecho.conformance.check import Level, check
from upecho.conformance.harness.server import Server
from upecho.conformance.harness.violation import Violation
from upecho.net.address import Family

MIB = 1 << 20
SENT_AT_MOST = 32 * MIB  # many times what lies between two sockets, so a client that can send it all is not held back
HALF_CLOSED_AFTER = (SENT_AT_MOST, MIB // 2, MIB, 2 * MIB, 4 * MIB, 8 * MIB)  # who queues little reads some to the end
FLOOD_BYTES = 256 * MIB
GROWTH_BYTES = 32 * MIB
WATCH_SECONDS = 0.3
STALL_SECONDS = 0.02
CLIENTS = 3
CYCLES = 20

Record = Callable[[float | str, str], None]


@check(Level.MUST)
def test_bounded_memory_under_backpressure(server: Server) -> None:
    """A client that sends up to 256 MiB and reads nothing is held back before the server's memory grows by 32 MiB.

    Source: RFC 9293 section 3.8.6: the window is there to be used; asyncio's flow control, cpython#74116.
    """
    before = server.resident_bytes()
    sent = server.connect().stall(FLOOD_BYTES, WATCH_SECONDS)
    grown = server.resident_bytes() - before
    if grown > GROWTH_BYTES or sent >= FLOOD_BYTES:
        seen = f"{sent // MIB} MiB taken, memory grown by {grown // MIB} MiB"
        raise Violation("a server that stops reading in time", seen)


@check(Level.MUST)
def test_stall_then_drain(server: Server) -> None:
    """A client that has stalled and then reads gets exactly what it was owed, and is served on.

    Source: RFC 9293 section 3.1: complete and in order, however long a window was closed.
    """
    client = server.connect()
    client.stall(SENT_AT_MOST)
    client.receive()
    client.exchange(b"and on it goes")


@check(Level.MUST, clients=2)
def test_stalled_client_isolation(server: Server) -> None:
    """While one client does not read, another is answered.

    Source: POSIX send(): it may block; then it blocks the one whose data it is.
    """
    server.connect().stall(SENT_AT_MOST)
    server.connect().exchange(b"hello")


@check(Level.MUST, observes=True)
def test_no_busy_loop_while_stalled(server: Server) -> None:
    """A server that can neither send nor wants to read waits for that without CPU time, also after a half-close.

    Source: poll(2): readiness for writing is worth waiting for only when there is something to write.
    """
    for limit in HALF_CLOSED_AFTER[: server.max_clients]:
        client = server.connect()
        client.stall(limit)
        if limit == SENT_AT_MOST:
            server.expect_idle_cpu()
        client.half_close()
    server.expect_idle_cpu()


@check(Level.MUST)
def test_close_while_stalled(server: Server) -> None:
    """A client that closes over answers that it never read leaves nothing behind, and the next one is served.

    Source: RFC 9293 section 3.6.1: a close over unread data is sent as RST; POSIX send(): EPIPE.
    """
    with server.expect_unharmed():
        for _ in range(CLIENTS):
            client = server.connect()
            client.stall(SENT_AT_MOST)
            client.close()


@check(Level.MUST)
def test_reset_while_stalled(server: Server) -> None:
    """A client that resets while the server waits to send leaves nothing behind, and the next one is served.

    Source: RFC 9293 section 3.10.7.4: RST aborts the connection; POSIX send(): ECONNRESET.
    """
    with server.expect_unharmed():
        for _ in range(CLIENTS):
            client = server.connect()
            client.stall(SENT_AT_MOST)
            client.reset()


@check(Level.MUST)
def test_stall_cycles(server: Server) -> None:
    """Twenty times stalled and drained, the same client still gets every byte.

    Source: RFC 9293 section 3.8.6.1: a window that was closed opens again.
    """
    client = server.connect()
    for _ in range(CYCLES):
        client.stall(SENT_AT_MOST, STALL_SECONDS)
        client.receive()


@check(Level.INFO, observes=True)
def test_memory_after_stall(server: Server, record: Record) -> None:
    """How much more memory the server has after a client has stalled, drained and left.

    Source: none; allocators differ in what they give back.
    """
    server.expect_serves_new_clients()
    before = server.resident_bytes()
    client = server.connect()
    client.stall(SENT_AT_MOST)
    client.receive()
    client.close()
    server.expect_serves_new_clients()
    record((server.resident_bytes() - before) / 1024, "KiB")


@check(Level.INFO, families=[Family.INET, Family.INET6])
def test_urgent_data(server: Server, record: Record) -> None:
    """What becomes of a stream with a byte of out-of-band data in it.

    Source: RFC 6093: the urgent mechanism is not to be used, and is there.
    """
    client = server.connect()
    client.send(b"before")
    client.send_urgent(b"!")
    client.send(b"after")
    client.half_close()
    client.expect_fin()
    record("no harm", "")
