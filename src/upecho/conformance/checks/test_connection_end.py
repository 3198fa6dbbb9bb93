"""Checks of the ends: half-close, close, reset and vanishing, at every moment, lose nothing and leave nothing."""

import random

from upecho.conformance.check import Level, check
from upecho.conformance.harness.server import Server

MIB = 1 << 20
SEED = 20260702
LATE_SECONDS = 0.3
IN_FLIGHT_BYTES = 50_000  # fits into the kernel's buffers on the way, so that the server is through with it
CLIENTS = 10
STALLED_CLIENTS = 3


@check(Level.MUST)
def test_half_close(server: Server) -> None:
    """A client that shuts down its sending side still gets its answer, and then the server shuts down too.

    Source: RFC 9293 section 3.6, case 2; RFC 862: once the data is sent back, the connection is closed.
    """
    client = server.connect()
    client.send(b"x")
    client.half_close()
    client.expect_fin()


@check(Level.MUST)
def test_half_close_large(server: Server) -> None:
    """8 MiB, then a shutdown, to a client that reads late: every byte arrives, then FIN.

    Source: RFC 9293 section 3.6: data in flight before the FIN is delivered.
    """
    data = random.Random(SEED).randbytes(8 * MIB)
    client = server.connect()
    client.send(data)
    client.half_close()
    client.expect_fin()


@check(Level.MUST)
def test_immediate_half_close(server: Server) -> None:
    """A client that connects and shuts down at once gets a FIN, nothing else.

    Source: RFC 9293 section 3.6, case 2.
    """
    client = server.connect()
    client.half_close()
    client.expect_fin()


@check(Level.MUST)
def test_half_close_before_accept(server: Server) -> None:
    """Data and shutdown that were queued before the server accepts are answered like any other.

    Source: POSIX accept(): connections, and what they carry, wait in the queue of the listener.
    """
    for _ in range(CLIENTS):
        with server.paused():
            client = server.connect()
            client.send(b"early")
            client.half_close()
        client.expect_fin()
        client.close()


@check(Level.MUST)
def test_no_reset_on_close(server: Server) -> None:
    """The server's close never destroys an answer in flight, also if the client reads it only after the close.

    Source: RFC 9293 section 3.6; SO_LINGER with zero, or a close over unread data, sends RST and drops what is queued.
    """
    client = server.connect()
    client.send(random.Random(SEED).randbytes(IN_FLIGHT_BYTES))
    client.half_close()
    client.pause(LATE_SECONDS)
    client.expect_fin()


@check(Level.MUST)
def test_abrupt_close(server: Server) -> None:
    """Clients that close with answers unread, or nothing sent, leave nothing behind, and the next one is served.

    Source: RFC 9293 section 3.5.2: data for a closed socket is answered by RST.
    """
    with server.expect_unharmed():
        for size in (0, 1, 1000, MIB):
            client = server.connect()
            client.send_some(bytes(size))
            client.close()


@check(Level.MUST)
def test_reset_idle(server: Server) -> None:
    """A reset while the server has nothing to do leaves nothing behind, and the next client is served.

    Source: RFC 9293 section 3.10.7.4: RST aborts the connection.
    """
    with server.expect_unharmed():
        for _ in range(CLIENTS):
            client = server.connect()
            client.send(b"x")
            client.wait_for_reply()
            client.reset()


@check(Level.MUST)
def test_reset_mid_transfer(server: Server) -> None:
    """A reset in the middle of an exchange leaves nothing behind, and the next client is served.

    Source: RFC 9293 section 3.10.7.4: RST aborts the connection.
    """
    with server.expect_unharmed():
        for _ in range(CLIENTS):
            client = server.connect()
            client.exchange(b"first")
            client.send_some(bytes(IN_FLIGHT_BYTES))
            client.reset()


@check(Level.MUST)
def test_reset_with_unread_replies(server: Server) -> None:
    """A reset by a client that does not read, over a queue of answers, leaves nothing behind.

    Source: RFC 9293 section 3.10.7.4: queued segments are discarded; POSIX send(): ECONNRESET, EPIPE.
    """
    with server.expect_unharmed():
        for _ in range(STALLED_CLIENTS):
            client = server.connect()
            client.send(bytes(IN_FLIGHT_BYTES))
            client.wait_for_reply()
            client.send_some(bytes(IN_FLIGHT_BYTES))
            client.reset()


@check(Level.MUST)
def test_reset_after_half_close(server: Server) -> None:
    """A reset after the client has shut down its sending side leaves nothing behind.

    Source: RFC 9293 section 3.10.7.4, in the states CLOSE-WAIT and LAST-ACK.
    """
    with server.expect_unharmed():
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
    """Clients that are gone again before the server accepts them leave nothing behind.

    Source: POSIX accept(): ECONNABORTED; on Linux the connection is accepted and the next call on it fails.
    """
    with server.expect_unharmed():
        for _ in range(CLIENTS):
            with server.paused():
                client = server.connect()
                client.send(b"x")
                client.reset()
            server.expect_serves_new_clients()


@check(Level.MUST)
def test_shutdown_both_directions(server: Server) -> None:
    """A client that shuts down both directions while its answer is in flight leaves nothing behind.

    Source: RFC 9293 section 3.6, case 3: both ends may close at the same time.
    """
    with server.expect_unharmed():
        for _ in range(CLIENTS):
            with server.paused():
                client = server.connect()
                client.send(b"x" * 1000)
                client.shutdown_both()
            client.close()
            server.expect_serves_new_clients()
