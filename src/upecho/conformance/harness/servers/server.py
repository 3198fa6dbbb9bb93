"""A server as a check sees it: connect to it and, if upecho has started its process, observe, signal and stop it."""

import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from upecho.conformance.harness.clients.client import Client
from upecho.conformance.harness.clients.connection import LONGEST_CHECK_SECONDS, TIMEOUT_SECONDS
from upecho.conformance.harness.clients.idle_watch import IdleWatch
from upecho.conformance.harness.servers import idle_cpu
from upecho.conformance.harness.servers.settling import POLL_INTERVAL_SECONDS, expect_at_most, let_finish
from upecho.conformance.harness.servers.shutdown import Shutdown
from upecho.conformance.harness.servers.stderr import StderrReader
from upecho.conformance.harness.violation import Log, NotReached, Violation
from upecho.net import connecting
from upecho.net.address import Address
from upecho.processes.ending import ended, foreground_hint
from upecho.processes.server_process import ServerProcess
from upecho.support import timeouts
from upecho.support.errors import AddressError
from upecho.support.text import plural

RETRY_SECONDS = 0.9  # TCP tries again after a second if there was no room in the backlog
ACCEPT_INTERVAL_SECONDS = 0.001
ACCEPT_SECONDS = 0.1  # that a server with a short backlog may take to accept one client before the next one connects
END_SECONDS = 0.2  # how much later than on its sockets the end of a process may become visible


class Server:
    """A server at an address. It outlives a check if several checks share it.

    Attributes:
        address: Where it listens.
        max_clients: Number of clients it serves at the same time, as far as this check is concerned; None means any
            number.
        stderr: What its process writes to stderr; None if upecho did not start it.
    """

    def __init__(self, address: Address, process: ServerProcess | None = None) -> None:
        self.address = address
        self.max_clients: int | None = None
        self._process = process
        self.stderr = StderrReader(process.child, process.startup_stderr_bytes) if process else None
        self._shutdown = Shutdown(process) if process else None
        self._log = Log()
        self._clients: list[Client] = []
        self._has_short_backlog = False

    @property
    def has_process(self) -> bool:
        """Whether upecho has started it, so that its process can be observed."""
        return self._process is not None

    @property
    def process(self) -> ServerProcess:
        """The process; only checks that need one may use it."""
        assert self._process
        return self._process

    def begin_check(self, log: Log, max_clients: int | None) -> None:
        """Prepare for a check.

        Args:
            log: Where its events are noted.
            max_clients: Number of clients that the server serves at the same time; None means any number.
        """
        self._log = log
        self.max_clients = max_clients
        if self.stderr:
            self.stderr.begin_check()

    def connect(self, receive_buffer: int | None = None, send_buffer: int | None = None) -> Client:
        """Return a new client; it is closed with the check.

        Args:
            receive_buffer: Size in bytes of its kernel's receive buffer; None leaves the default.
            send_buffer: Size in bytes of its kernel's send buffer; None leaves the default.
        """
        timeout = timeouts.scaled(TIMEOUT_SECONDS)
        began = time.monotonic()
        buffers = {"receive_buffer": receive_buffer, "send_buffer": send_buffer}
        client = self._client(lambda: connecting.connect(self.address, timeout, **buffers))
        self._has_short_backlog |= time.monotonic() - began > RETRY_SECONDS
        if self._has_short_backlog:
            self._let_accept()
        return client

    def _let_accept(self) -> None:
        """Wait for a moment until the server has accepted, so that the next client need not wait for a second."""
        deadline = time.monotonic() + ACCEPT_SECONDS
        while self._is_busy() and time.monotonic() < deadline:
            time.sleep(ACCEPT_INTERVAL_SECONDS)

    def connect_many(self, count: int) -> list[Client]:
        """Return ``count`` new clients, or as many as the target serves at the same time if that is less."""
        return [self.connect() for _ in range(min(count, self.max_clients or count))]

    def start_connecting(self) -> Client:
        """Return a client that may not be connected yet; its first operation waits for that."""
        return self._client(lambda: connecting.start_connecting(self.address))

    def _client(self, connect: Callable[[], socket.socket]) -> Client:
        so_far = f"{plural(len(self._clients), 'client')} connected"
        self._log.expect_time_left(timeouts.scaled(LONGEST_CHECK_SECONDS), so_far)
        try:
            connection = connect()
        except AddressError as error:
            raise Violation(f"a connection to {self.address}", str(error)) from None
        name = f"client {len(self._clients) + 1}"
        self._clients.append(Client(connection, self._log, name, is_busy=self._is_busy, watch=self._watch))
        return self._clients[-1]

    def _is_busy(self) -> bool:
        return self._process is not None and self._process.is_busy()

    def _watch(self) -> IdleWatch | None:
        return IdleWatch.of(self._process)

    def watch_after_failure(self) -> IdleWatch | None:
        """Return a watch for a server that is given less time because an earlier check has failed; otherwise None."""
        return self._watch() if self._log.follows_failure else None

    def disconnect(self) -> None:
        """Close every client that the check has connected."""
        while self._clients:
            self._clients.pop().close()

    def expect_still_serving(self) -> None:
        """Expect that the server, unless it was told to end, answers a client once all others have left.

        What it answers is not compared, because that is what other checks are for.
        """
        self.disconnect()
        if not (self._shutdown and self._shutdown.request):
            self._log.begin_question()
            client = self.connect()
            client.send(b"x")
            client.expect_any_answer()
            client.discard_received()
            self.disconnect()

    def let_finish(self) -> None:
        """Wait for a while until the server has nothing left to do, such as closing connections."""
        let_finish(self._is_busy)

    def expect_idle_cpu(self) -> None:
        """Expect that the process uses next to no CPU time once it has finished what there was to do."""
        idle_cpu.expect(self.process)

    def resident_bytes(self) -> int | None:
        """Return the memory in use, in bytes; None where that cannot be seen."""
        return self._process.resident_bytes() if self._process and self._process.is_shown else None

    def process_count(self) -> int:
        """Return the number of its processes that have not ended; 0 where they cannot be seen."""
        return self._process.living_count() if self._process and self._process.is_shown else 0

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Stop the process for a while, so that only the kernel receives; no pause if the process is not ours."""
        self.send_signal(signal.SIGSTOP)
        try:
            self._wait_until_stopped()
            yield
        finally:
            self.send_signal(signal.SIGCONT)

    def _wait_until_stopped(self) -> None:
        """Wait for every thread to stop, as far as that can be seen: one on another core may run a little longer."""
        deadline = time.monotonic() + timeouts.scaled(TIMEOUT_SECONDS)
        while self._process and not self._process.is_stopped() and time.monotonic() < deadline:
            time.sleep(POLL_INTERVAL_SECONDS)

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to the server and its children, if the process is ours."""
        if self._process:
            self._process.signal_all(number)

    def stop(self, number: signal.Signals) -> None:
        """Send a signal and expect a clean end."""
        if not self.process.child.is_alive():
            raise Violation(f"a server to send {number.name} to", "none")
        self.request_stop(number)
        self.expect_exit()

    def end(self, number: signal.Signals) -> None:
        """Send a signal and wait for the end, whatever the exit status, which is left to other checks.

        Raises:
            NotReached: The server does not end.
        """
        self.request_stop(number)
        if self.shutdown.wait(self._log.seconds_left()) is None:
            self._log.expect_budget_left()
            still_running = Violation(f"an end within {self.shutdown.limit}", "it is still running")
            raise NotReached(f"an end after {number.name}", still_running)

    @property
    def shutdown(self) -> Shutdown:
        """How the process is told to stop; only checks that need a process may use it."""
        assert self._shutdown
        return self._shutdown

    def request_stop(self, number: signal.Signals, *, group: bool = False, thread: int | None = None) -> None:
        """Send a signal that ends the server, once it has a handler, and do not wait for the end.

        Args:
            number: The signal.
            group: Whether to send it to every process of the group.
            thread: Id of the thread that receives it; None means that the kernel chooses one.
        """
        self.shutdown.prepare(number, group=group, thread=thread)
        self._log.note(self.shutdown.request)
        if self.stderr:
            self.stderr.note_stop()
        self.shutdown.send(number, group=group, thread=thread)

    def kill(self) -> None:
        """Kill the server and its children."""
        self._log.note("SIGKILL to the server")
        self.shutdown.request = "SIGKILL was sent to it"
        if self.stderr:
            self.stderr.note_kill()
        self.process.child.kill()

    def expect_exit(self) -> None:
        """Expect that the server, after a request to stop, ends within its grace and with exit status 0."""
        status = self.shutdown.wait(self._log.seconds_left())
        self._log.expect_budget_left()
        self.shutdown.expect_clean(status)

    def expect_no_process_left(self) -> None:
        """Expect that no child outlives the server, which has ended; nothing is expected where that cannot be seen."""
        if self.process.is_shown:
            expect_at_most(0, self.process.living_count, "processes after the end of the server")

    def unrequested_end(self) -> str:
        """Return how the server has ended although no one asked it to; empty if it has not."""
        status = None if not self._process or self.shutdown.request else self._process.child.wait(END_SECONDS)
        if status is None:
            return ""
        return f"the server {ended(status)}{foreground_hint(status, self.process.launch.target)}"

    def stderr_during_check(self) -> str:
        """Return what the server has written to stderr during the current check."""
        return self.stderr.during_check() if self.stderr else ""
