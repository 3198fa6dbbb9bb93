"""Checks of the ends: half-close, close, reset and vanishing, at every moment, lose nothing and leave nothing."""

import random

from upecho.conformance.check import Level, check
from upecho.conformance.harness.server import Service

MIB = 1 << 20
SEED = 20260702
LATE_SECONDS = 0.3
IN_FLIGHT_BYTES = 50_000  # fits into the kernel's buffers on the way, so that the server is through with it
CLIENTS = 10
STALLED_CLIENTS = 3


@check(Level.MUST)
def test_half_close(server: Service) -> None:
    """A client that shuts down its sending side still gets its answer, and then the server shuts down too.

    Source: RFC 9293 section 3.6, case 2; RFC 862: once the data is sent back, the connection is closed.
    """
    wire = server.connect()
    wire.send(b"x")
    wire.half_close()
    wire.expect_end()


@check(Level.MUST)
def test_half_close_large(server: Service) -> None:
    """8 MiB, then a shutdown, to a client that reads late: every byte arrives, then FIN.

    Source: RFC 9293 section 3.6: data in flight before the FIN is delivered.
    """
    data = random.Random(SEED).randbytes(8 * MIB)
    wire = server.connect()
    wire.send(data)
    wire.half_close()
    wire.expect_end()


@check(Level.MUST)
def test_immediate_half_close(server: Service) -> None:
    """A client that connects and shuts down at once gets a FIN, nothing else.

    Source: RFC 9293 section 3.6, case 2.
    """
    wire = server.connect()
    wire.half_close()
    wire.expect_end()


@check(Level.MUST)
def test_half_close_before_accept(server: Service) -> None:
    """Data and shutdown that were queued before the server accepts are answered like any other.

    Source: POSIX accept(): connections, and what they carry, wait in the queue of the listener.
    """
    for _ in range(CLIENTS):
        with server.paused():
            wire = server.connect()
            wire.send(b"early")
            wire.half_close()
        wire.expect_end()
        wire.close()


@check(Level.MUST)
def test_no_reset_on_close(server: Service) -> None:
    """The server's close never destroys an answer in flight, also if the client reads it only after the close.

    Source: RFC 9293 section 3.6; SO_LINGER with zero, or a close over unread data, sends RST and drops what is queued.
    """
    wire = server.connect()
    wire.send(random.Random(SEED).randbytes(IN_FLIGHT_BYTES))
    wire.half_close()
    wire.let_time_pass(LATE_SECONDS)
    wire.expect_end()


@check(Level.MUST)
def test_abrupt_close(server: Service) -> None:
    """Clients that close with answers unread, or nothing sent, leave nothing behind, and the next one is served.

    Source: RFC 9293 section 3.5.2: data for a closed socket is answered by RST.
    """
    with server.unharmed():
        for size in (0, 1, 1000, MIB):
            wire = server.connect()
            wire.send_some(bytes(size))
            wire.close()


@check(Level.MUST)
def test_reset_idle(server: Service) -> None:
    """A reset while the server has nothing to do leaves nothing behind, and the next client is served.

    Source: RFC 9293 section 3.10.7.4: RST aborts the connection.
    """
    with server.unharmed():
        for _ in range(CLIENTS):
            wire = server.connect()
            wire.send(b"x")
            wire.wait_for_answer()
            wire.reset()


@check(Level.MUST)
def test_reset_mid_transfer(server: Service) -> None:
    """A reset in the middle of an exchange leaves nothing behind, and the next client is served.

    Source: RFC 9293 section 3.10.7.4: RST aborts the connection.
    """
    with server.unharmed():
        for _ in range(CLIENTS):
            wire = server.connect()
            wire.exchange(b"first")
            wire.send_some(bytes(IN_FLIGHT_BYTES))
            wire.reset()


@check(Level.MUST)
def test_reset_with_unread_replies(server: Service) -> None:
    """A reset by a client that does not read, over a queue of answers, leaves nothing behind.

    Source: RFC 9293 section 3.10.7.4: queued segments are discarded; POSIX send(): ECONNRESET, EPIPE.
    """
    with server.unharmed():
        for _ in range(STALLED_CLIENTS):
            wire = server.connect()
            wire.send(bytes(IN_FLIGHT_BYTES))
            wire.wait_for_answer()
            wire.send_some(bytes(IN_FLIGHT_BYTES))
            wire.reset()


@check(Level.MUST)
def test_reset_after_half_close(server: Service) -> None:
    """A reset after the client has shut down its sending side leaves nothing behind.

    Source: RFC 9293 section 3.10.7.4, in the states CLOSE-WAIT and LAST-ACK.
    """
    with server.unharmed():
        for _ in range(CLIENTS):
            wire = server.connect()
            wire.send(b"x" * IN_FLIGHT_BYTES)
            wire.half_close()
            wire.wait_for_answer()
            wire.reset()
        wire = server.connect()
        wire.stall(64 * MIB)
        wire.half_close()
        wire.reset()


@check(Level.MUST)
def test_reset_before_accept(server: Service) -> None:
    """Clients that are gone again before the server accepts them leave nothing behind.

    Source: POSIX accept(): ECONNABORTED; on Linux the connection is accepted and the next call on it fails.
    """
    with server.unharmed():
        for _ in range(CLIENTS):
            with server.paused():
                wire = server.connect()
                wire.send(b"x")
                wire.reset()
            server.serves_the_next()


@check(Level.MUST)
def test_shutdown_both_directions(server: Service) -> None:
    """A client that shuts down both directions while its answer is in flight leaves nothing behind.

    Source: RFC 9293 section 3.6, case 3: both ends may close at the same time.
    """
    with server.unharmed():
        for _ in range(CLIENTS):
            with server.paused():
                wire = server.connect()
                wire.send(b"x" * 1000)
                wire.shut_down_both()
            wire.close()
            server.serves_the_next()
