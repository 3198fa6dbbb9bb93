"""Checks of start and stop: a server is ready when it says so, shuts down gracefully, and binds only free addresses."""

import random
import signal

from upecho.conformance.check import Level, check
from upecho.conformance.harness.clients.client import Client
from upecho.conformance.harness.launcher import Launcher
from upecho.conformance.harness.servers.server import Server
from upecho.conformance.harness.servers.settling import settled
from upecho.conformance.harness.violation import NotReached, Violation, precondition
from upecho.processes.linux import thread_signal
from upecho.support import timeouts

STOPS = (signal.SIGTERM, signal.SIGINT)
SEED = 20260704
IN_FLIGHT_BYTES = 400_000  # more than most servers receive in one call; a Unix socket accepts half of that
WARM_UP_BYTES = 1 << 20  # widens the TCP window
CLIENTS = 3
STALLED_BYTES = 64 << 20
QUEUED_BYTES = 1000  # fits into one segment and every receive buffer
ARRIVAL_SECONDS = 1.0  # longer than any delayed acknowledgement
SHORT_GRACE_SECONDS = 0.3
END_SECONDS = 2.0  # for a server without clients
PIECE_BYTES = 200_000
IGNORED_SIGNALS = 10


@check(Level.MUST, gate=False, process=True)
def test_accepts_when_ready(launcher: Launcher) -> None:
    """Once the server reports that it is ready, the first connection succeeds.

    Source: POSIX listen(): connections are queued from then on.
    """
    launcher.start().connect().exchange(b"first")


@check(Level.MUST, gate=False, process=True)
def test_graceful_shutdown(launcher: Launcher) -> None:
    """SIGTERM or SIGINT ends a server with exit status 0, and no child process is left.

    The signal is sent as soon as the server has a handler, at the latest 1 s after it is ready. No client is connected.

    Source: POSIX <signal.h>: SIGTERM is the termination signal; SIGINT is the interrupt that Ctrl-C sends.
    """
    for number in STOPS:
        server = launcher.start()
        client = _served_client(server)
        client.close()
        server.stop(number)
        server.expect_no_process_left()


@check(Level.MUST, gate=False, process=True, seconds=0.2)
def test_graceful_shutdown_idle_client(launcher: Launcher) -> None:
    """SIGTERM or SIGINT ends a server with a silent client with exit status 0, and the client receives FIN.

    Source: RFC 9293 section 3.6: an orderly close, not an abort.
    """
    servers = [launcher.start() for _ in STOPS]
    clients = [_served_client(server) for server in servers]
    for server, number in zip(servers, STOPS, strict=True):  # both take their grace at the same time
        server.request_stop(number)
    for server, client in zip(servers, clients, strict=True):
        server.expect_exit()
        client.expect_fin()


@check(Level.MUST, gate=False, process=True)
def test_graceful_shutdown_no_data_loss(launcher: Launcher) -> None:
    """Before a server ends after SIGTERM, it answers all data that had arrived by then, and sends FIN.

    Source: RFC 9293 section 3.6: an orderly close loses nothing.
    """
    _expect_no_data_loss(launcher.start(), signal.SIGTERM, group=False)


@check(Level.SHOULD, process=True)
def test_graceful_shutdown_queued_client(launcher: Launcher) -> None:
    """Before a server ends after SIGTERM, it also answers a client that it had not yet accepted.

    This concerns a client whose connection was complete, and whose data and half-close had arrived, before the signal.

    Source: POSIX listen(): connections are complete before accept(); closing a listener resets those in its queue.
    """
    with precondition("an echo before the stop"):
        server = launcher.start()
        _served_client(server).close()
    if server.process.is_shown:  # a thread of that client could take the signal and leave the server to accept
        settled(server.process.task_count)
    server.shutdown.await_handler(signal.SIGTERM)
    # Only one client: a server that accepts once in each turn of its loop resets the second one, which is common.
    with server.paused():
        with precondition("a client in the queue of the listener"):
            queued = _queue_client(server)
        server.request_stop(signal.SIGTERM)
    queued.expect_fin()


@check(Level.MUST, gate=False, process=True, seconds=0.5)
def test_graceful_shutdown_stalled_client(launcher: Launcher) -> None:
    """A client that does not read delays the end of a server by at most its grace period; the exit status is 0.

    The grace of a command is 10 s unless another one is declared; an implementation is told its grace.

    Source: POSIX <signal.h>: SIGTERM requests the end; SIGKILL, which follows if it does not come, cannot be caught.
    """
    server = launcher.start(grace=SHORT_GRACE_SECONDS)
    server.connect().stall(STALLED_BYTES)
    server.stop(signal.SIGTERM)


@check(Level.MUST, gate=False, process=True, observes=True, lacking=thread_signal.lacking)
def test_graceful_shutdown_any_thread(launcher: Launcher) -> None:
    """SIGTERM or SIGINT ends a server with exit status 0, whichever thread of the server receives it.

    Source: signal(7): a signal to a process may be delivered to any thread that does not have it blocked.
    """
    for number in STOPS:
        server = launcher.start()
        for _ in range(min(CLIENTS, server.max_clients or CLIENTS)):
            _served_client(server)
        server.shutdown.await_handler(number)
        threads = server.process.threads_open_to(number)
        has_threads = any(map(server.process.threads_open_to, STOPS))
        if not has_threads:  # no thread needs a client in order to exist
            server.disconnect()
        server.request_stop(number, thread=threads[-1] if threads else None)
        expect_exit_whichever_thread(server, number)
        if not has_threads:  # only the main thread can receive the other signal as well, which is another check
            return


def expect_exit_whichever_thread(server: Server, number: signal.Signals) -> None:
    """Expect that a signal which one thread has received ends the server.

    Raises:
        NotReached: A signal to the process does not end it either, so the thread is not the reason.
    """
    try:
        server.expect_exit()
    except Violation as violation:
        if not server.process.child.is_alive():
            raise
        server.disconnect()
        server.process.child.send_signal(number)
        if server.process.child.wait(timeouts.scaled(END_SECONDS)) is None:
            raise NotReached(f"an end after {number.name} to the process", violation, ["graceful-shutdown"]) from None
        violation.seen += f"; another {number.name}, sent to the process, ended it"
        raise


@check(Level.MUST, gate=False, process=True, seconds=0.2)
def test_graceful_shutdown_process_group(launcher: Launcher) -> None:
    """SIGTERM or SIGINT to all processes of a server loses no data that had arrived, and ends the server cleanly.

    Source: termios(3): Ctrl-C sends SIGINT to each process of the foreground group; kill(2): so does a negative id.
    """
    for number in STOPS:
        _expect_no_data_loss(launcher.start(), number, group=True)


@check(Level.MUST, gate=False, process=True, seconds=0.2)
def test_immediate_restart(launcher: Launcher) -> None:
    """A server starts again at the same address at once, after a stop with a connected client and after SIGKILL.

    Source: RFC 9293 section 3.6.1 (TIME-WAIT); SO_REUSEADDR in socket(7); a Unix path outlives a killed server.
    """
    first = launcher.start()
    address = str(first.address)
    _served_client(first)
    first.end(signal.SIGTERM)
    second = launcher.start(address)
    second.connect().exchange(b"second")
    second.kill()
    launcher.start(address).connect().exchange(b"third")


@check(Level.MUST, gate=False, process=True, seconds=0.2)
def test_survives_signals(launcher: Launcher) -> None:
    """SIGSTOP, SIGCONT and SIGWINCH in the middle of a transfer cause no loss of data.

    Source: POSIX recv() and send(): EINTR if a signal interrupts the call; signal(7): on Linux, also after SIGCONT.
    """
    server = launcher.start()
    client = server.connect()
    source = random.Random(SEED)
    for _ in range(20):
        client.send(source.randbytes(PIECE_BYTES))
        with server.paused():
            pass
        for _ in range(IGNORED_SIGNALS):
            server.send_signal(signal.SIGWINCH)
    client.receive()


@check(Level.MUST, gate=False, process=True, seconds=0.2)
def test_address_in_use(launcher: Launcher) -> None:
    """A second server at an address in use ends with an exit status other than 0, and the first is not disturbed.

    Source: POSIX bind(): EADDRINUSE.
    """
    first = launcher.start()
    client = _served_client(first)
    launcher.starter.expect_refusal(str(first.address))
    client.exchange(b"undisturbed")
    client.close()
    first.connect().exchange(b"still serving")


def _served_client(server: Server) -> Client:
    """Return a client that the server has answered."""
    with precondition("an echo before the server is told to stop"):
        client = server.connect()
        client.exchange(b"served")
    return client


def _expect_no_data_loss(server: Server, number: signal.Signals, *, group: bool) -> None:
    """Stop a server while it has data to answer, and expect all of the replies, FIN, and a clean end.

    Args:
        server: A server without clients.
        number: The signal that stops it.
        group: Whether to send the signal to every process of its group.
    """
    clients = server.connect_many(CLIENTS)
    with precondition("echoes before the server is told to stop"):
        for client in clients:
            client.send(bytes(WARM_UP_BYTES), eager=True)
            client.receive()
    server.shutdown.await_handler(number)
    with server.paused():
        for client in clients:
            client.send_up_to_window(random.Random(SEED).randbytes(IN_FLIGHT_BYTES))
        server.request_stop(number, group=group)
    with server.shutdown.explaining():
        for client in clients:
            client.receive()
            client.half_close()  # some servers wait for that, up to their grace, before they close
            client.expect_fin()
    server.expect_exit()


def _queue_client(server: Server) -> Client:
    """Connect to a server that is paused, send data and half-close; return the client once all of that has arrived."""
    client = server.start_connecting()
    client.send(random.Random(SEED).randbytes(QUEUED_BYTES))
    client.half_close()
    if not client.wait_until_arrived(ARRIVAL_SECONDS):
        raise Violation("room for one client in the queue of the listener", "data that is not acknowledged")
    return client
