"""Checks of start and stop: a server is ready when it says so, shuts down gracefully, and binds only free addresses."""

import random
import signal

from upecho.conformance.check import Level, check
from upecho.conformance.harness.client import Client
from upecho.conformance.harness.launcher import GRACE_SECONDS, Launcher
from upecho.conformance.harness.server import Server
from upecho.conformance.harness.violation import Violation, precondition

STOPS = (signal.SIGTERM, signal.SIGINT)
SEED = 20260704
IN_FLIGHT_BYTES = 400_000  # more than most servers receive in one call; a Unix socket accepts half of that
WARM_UP_BYTES = 1 << 20  # widens the TCP window
CLIENTS = 3
STALLED_BYTES = 64 << 20
QUEUED_BYTES = 1000  # fits into one segment and every receive buffer
ARRIVAL_SECONDS = 1.0  # longer than any delayed acknowledgement
SHORT_GRACE_SECONDS = 0.3
PIECE_BYTES = 200_000
SIGNALS = (signal.SIGSTOP, signal.SIGCONT, *[signal.SIGWINCH] * 10)


@check(Level.MUST, gate=False, process=True)
def test_accepts_when_ready(launcher: Launcher) -> None:
    """Once the server reports that it is ready, the first connection succeeds.

    Source: POSIX listen(): connections are queued from then on.
    """
    launcher.start().connect().exchange(b"first")


@check(Level.MUST, gate=False, process=True)
def test_graceful_shutdown(launcher: Launcher) -> None:
    """SIGTERM or SIGINT ends a server without clients with exit status 0, and no child process is left.

    Source: POSIX signal concepts: SIGTERM requests termination; systemd.kill(5), and Ctrl-C in a terminal.
    """
    for number in STOPS:
        server = launcher.start()
        server.expect_serves_new_clients()
        server.stop(number, GRACE_SECONDS)
        server.expect_no_process_left()


@check(Level.MUST, gate=False, process=True)
def test_graceful_shutdown_idle_client(launcher: Launcher) -> None:
    """SIGTERM or SIGINT ends a server with a silent client with exit status 0, and the client receives FIN.

    Source: RFC 9293 section 3.6: an orderly close, not an abort.
    """
    for number in STOPS:
        server = launcher.start()
        client = server.connect()
        client.exchange(b"then silence")
        server.stop(number, GRACE_SECONDS)
        client.expect_fin()


@check(Level.MUST, gate=False, process=True)
def test_graceful_shutdown_no_data_loss(launcher: Launcher) -> None:
    """Before a server ends after SIGTERM, it answers all data that had arrived by then, and sends FIN.

    Source: RFC 9293 section 3.6: an orderly close loses nothing; service managers call it a graceful stop.
    """
    server = launcher.start()
    clients = server.connect_many(CLIENTS)
    for client in clients:
        client.send(bytes(WARM_UP_BYTES), eager=True)
        client.receive()
    with server.paused():
        for client in clients:
            client.send_up_to_window(random.Random(SEED).randbytes(IN_FLIGHT_BYTES))
        server.request_stop(signal.SIGTERM)
    for client in clients:
        client.expect_fin()
    server.expect_exit(GRACE_SECONDS)


@check(Level.SHOULD, process=True)
def test_graceful_shutdown_queued_client(launcher: Launcher) -> None:
    """Before a server ends after SIGTERM, it also answers a client that it had not yet accepted.

    This concerns a client whose connection was complete, and whose data and half-close had arrived, before the signal.

    Source: POSIX listen(): connections are complete before accept(); closing a listener resets those in its queue.
    """
    with precondition("an echo before the stop"):
        server = launcher.start()
        client = server.connect()
        client.exchange(b"first")
        client.close()
    # Only one client: a server that accepts once in each turn of its loop resets the second one, which is common.
    with server.paused():
        with precondition("a client in the queue of the listener"):
            queued = _queue_client(server)
        server.request_stop(signal.SIGTERM)
    queued.expect_fin()


def _queue_client(server: Server) -> Client:
    """Connect to a server that is paused, send data and half-close; return the client once all of that has arrived."""
    client = server.start_connecting()
    client.send(random.Random(SEED).randbytes(QUEUED_BYTES))
    client.half_close()
    if not client.wait_until_arrived(ARRIVAL_SECONDS):
        raise Violation("room for one client in the queue of the listener", "data that is not acknowledged")
    return client


@check(Level.MUST, gate=False, process=True)
def test_graceful_shutdown_stalled_client(launcher: Launcher) -> None:
    """A client that does not read delays the end of a server by at most its grace period; the exit status is 0.

    Source: systemd.kill(5): a service that does not end in time is killed, together with its connections.
    """
    server = launcher.start(grace=SHORT_GRACE_SECONDS)
    server.connect().stall(STALLED_BYTES)
    server.stop(signal.SIGTERM, SHORT_GRACE_SECONDS)


@check(Level.MUST, gate=False, process=True)
def test_survives_signals(launcher: Launcher) -> None:
    """SIGSTOP, SIGCONT and SIGWINCH in the middle of a transfer cause no loss of data.

    Source: signal(7): EINTR and partial transfers; PEP 475.
    """
    server = launcher.start()
    client = server.connect()
    source = random.Random(SEED)
    for _ in range(20):
        client.send(source.randbytes(PIECE_BYTES))
        for number in SIGNALS:
            server.send_signal(number)
    client.receive()


@check(Level.MUST, gate=False, process=True)
def test_immediate_restart(launcher: Launcher) -> None:
    """A server starts again at the same address at once, after a stop with a connected client and after SIGKILL.

    Source: RFC 9293 section 3.6.1 (TIME-WAIT); SO_REUSEADDR in socket(7); a Unix path outlives a killed server.
    """
    with precondition("an echo before the stop"):
        first = launcher.start()
        first.connect().exchange(b"first")
    address = str(first.address)
    first.end(signal.SIGTERM, GRACE_SECONDS)
    second = launcher.start(address)
    second.connect().exchange(b"second")
    second.kill()
    launcher.start(address).connect().exchange(b"third")


@check(Level.MUST, gate=False, process=True)
def test_address_in_use(launcher: Launcher) -> None:
    """A second server at an address in use exits with one clear line on stderr, and the first is not disturbed.

    Source: POSIX bind(): EADDRINUSE.
    """
    first = launcher.start()
    client = first.connect()
    launcher.expect_refusal(str(first.address))
    client.exchange(b"undisturbed")
    client.close()
    first.expect_serves_new_clients()
