"""Checks of the end of a connection: half-close, close and reset, at any time, lose no data and leak nothing."""

import random

from upecho.conformance.check import Level, check
from upecho.conformance.harness.servers.damage import expect_serves_new_clients, expect_unharmed
from upecho.conformance.harness.servers.server import Server
from upecho.conformance.harness.workloads.stall import QUEUED_BYTES, STALL_SECONDS, bytes_held_by_buffers

MIB = 1 << 20
SEED = 20260702
LATE_SECONDS = 0.3
IN_FLIGHT_BYTES = 50_000  # fits into the kernel buffers, so that the server can send the whole reply
CLIENTS = 10
STALLED_CLIENTS = 3


@check(Level.MUST)
def test_half_close(server: Server) -> None:
    """After a client half-closes, the server sends the rest of the reply and then closes its side, too.

    Source: RFC 9293 section 3.6, case 2; RFC 862: the server sends back all data, then the connection is closed.
    """
    client = server.connect()
    client.send(b"x")
    client.half_close()
    client.expect_fin()


@check(Level.MUST, seconds=0.6)
def test_half_close_large(server: Server) -> None:
    """A client that sends 8 MiB, half-closes and reads late receives every byte of the reply before FIN.

    Source: RFC 9293 section 3.6: data in flight before the FIN is delivered.
    """
    data = random.Random(SEED).randbytes(8 * MIB)
    client = server.connect()
    client.send(data)
    client.half_close()
    client.pause(LATE_SECONDS)
    client.expect_fin()


@check(Level.MUST, seconds=0.4)
def test_half_close_while_stalled(server: Server) -> None:
    """A client that half-closes before it reads anything receives every byte of the reply before FIN.

    It has sent a little more than the buffers of the system hold, so that the server reaches the end of the data while
    a part of the reply is not sent.

    Source: RFC 9293 section 3.6: data in flight before the FIN is delivered.
    """
    held = bytes_held_by_buffers(server)
    for queued in QUEUED_BYTES:
        client = server.connect()
        client.stall(held + queued)
        client.half_close()
        client.pause(STALL_SECONDS)
        client.expect_fin()
        client.close()


@check(Level.MUST)
def test_immediate_half_close(server: Server) -> None:
    """A client that half-closes without sending anything receives FIN and nothing else.

    Source: RFC 9293 section 3.6, case 2.
    """
    client = server.connect()
    client.half_close()
    client.expect_fin()


@check(Level.MUST)
def test_half_close_before_accept(server: Server) -> None:
    """The server answers data and a half-close that arrived before it accepted the connection.

    Source: POSIX accept(): connections wait in the queue of the listener, together with the data that arrives.
    """
    for _ in range(CLIENTS):
        with server.paused():
            client = server.connect()
            client.send(b"early")
            client.half_close()
        client.expect_fin()
        client.close()


@check(Level.MUST, seconds=0.3)
def test_no_reset_on_close(server: Server) -> None:
    """When the server closes a connection, a client that reads late still receives the reply that was in flight.

    Source: RFC 9293 section 3.6; SO_LINGER with zero, or a close with unread data, sends RST and discards queued data.
    """
    client = server.connect()
    client.send(random.Random(SEED).randbytes(IN_FLIGHT_BYTES))
    client.half_close()
    client.pause(LATE_SECONDS)
    client.expect_fin()


@check(Level.MUST)
def test_abrupt_close(server: Server) -> None:
    """After clients close their connections, the server has closed its descriptors and serves new clients.

    They close while replies are unread, or without having sent anything.

    Source: RFC 9293 section 3.5.2: data for a closed socket is answered with RST.
    """
    with expect_unharmed(server):
        for size in (0, 1, 1000, MIB):
            client = server.connect()
            client.send_some(bytes(size))
            client.close()


@check(Level.MUST)
def test_reset_idle(server: Server) -> None:
    """After connections without pending data are reset, the server has closed its descriptors and serves new clients.

    Source: RFC 9293 section 3.10.7.4: RST aborts the connection.
    """
    with expect_unharmed(server):
        for _ in range(CLIENTS):
            client = server.connect()
            client.send(b"x")
            client.wait_for_reply()
            client.reset()


@check(Level.MUST)
def test_reset_mid_transfer(server: Server) -> None:
    """After connections are reset during a transfer, the server has closed its descriptors and serves new clients.

    Source: RFC 9293 section 3.10.7.4: RST aborts the connection.
    """
    with expect_unharmed(server):
        for _ in range(CLIENTS):
            client = server.connect()
            client.exchange(b"first")
            client.send_some(bytes(IN_FLIGHT_BYTES))
            client.reset()


@check(Level.MUST)
def test_reset_with_unread_replies(server: Server) -> None:
    """After connections with unread replies are reset, the server has closed its descriptors and serves new clients.

    Source: RFC 9293 section 3.10.7.4: queued segments are discarded; POSIX send(): ECONNRESET, EPIPE.
    """
    with expect_unharmed(server):
        for _ in range(STALLED_CLIENTS):
            client = server.connect()
            client.send(bytes(IN_FLIGHT_BYTES))
            client.wait_for_reply()
            client.send_some(bytes(IN_FLIGHT_BYTES))
            client.reset()


@check(Level.MUST)
def test_reset_after_half_close(server: Server) -> None:
    """After half-closed connections are reset, the server has closed its descriptors and serves new clients.

    Source: RFC 9293 section 3.10.7.4, in the states CLOSE-WAIT and LAST-ACK.
    """
    with expect_unharmed(server):
        for _ in range(CLIENTS):
            client = server.connect()
            client.send(b"x" * IN_FLIGHT_BYTES)
            client.half_close()
            client.wait_for_reply()
            client.reset()
        client = server.connect()
        client.stall(64 * MIB)
        client.half_close()
        client.reset()


@check(Level.MUST)
def test_reset_before_accept(server: Server) -> None:
    """After connections are reset before accept(), the server has closed its descriptors and serves new clients.

    Source: POSIX accept(): ECONNABORTED; or the connection is accepted, and the next call on it fails.
    """
    with expect_unharmed(server):
        for _ in range(CLIENTS):
            with server.paused():
                client = server.connect()
                client.send(b"x")
                client.reset()
            expect_serves_new_clients(server)


@check(Level.MUST)
def test_shutdown_both_directions(server: Server) -> None:
    """After both directions are shut down before a reply, the server has closed its descriptors and serves new clients.

    Source: RFC 9293 section 3.6, case 3: both sides may close at the same time.
    """
    with expect_unharmed(server):
        for _ in range(CLIENTS):
            with server.paused():
                client = server.connect()
                client.send(b"x" * 1000)
                client.shutdown_both()
            client.close()
            expect_serves_new_clients(server)
