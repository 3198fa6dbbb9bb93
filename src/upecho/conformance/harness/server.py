"""A server as one check meets it: connect to it, and, if the process is ours, watch, signal and stop it."""

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from upecho.conformance.harness.client import LONGEST_CHECK_SECONDS, TIMEOUT_SECONDS, Client
from upecho.conformance.harness.running import Running, settled
from upecho.conformance.harness.violation import Log, Violation, ending
from upecho.net import connecting
from upecho.net.address import Address
from upecho.processes import procfs
from upecho.support import timeouts
from upecho.support.errors import AddressError
from upecho.support.text import plural

NEXT_CLIENTS = 3  # so that each of a few worker processes is likely to be asked


class Server:
    """A server at an address.

    Attributes:
        max_clients: how many clients the target serves at once; None means any number.
    """

    def __init__(self, address: Address, running: Running | None, max_clients: int | None, log: Log) -> None:
        self.address = address
        self.max_clients = max_clients
        self._running = running
        self._log = log
        self._clients: list[Client] = []

    @property
    def process(self) -> Running:
        """The process; only checks that are due where it is ours may ask for it."""
        assert self._running
        return self._running

    def connect(self, receive_buffer: int | None = None) -> Client:
        """Return a new connection; it is closed with the check."""
        return self._client(lambda: connecting.connect(self.address, timeouts.seconds(TIMEOUT_SECONDS), receive_buffer))

    def connect_many(self, count: int) -> list[Client]:
        """Return that many new connections, or as many as the target serves at once if that is less."""
        return [self.connect() for _ in range(min(count, self.max_clients or count))]

    def start_connecting(self) -> Client:
        """Return a connection that may still be on its way; what is done with it first waits for that."""
        return self._client(lambda: connecting.start_connecting(self.address))

    def _client(self, connect: Callable[[], socket.socket]) -> Client:
        so_far = f"{plural(len(self._clients), 'client')} connected"
        self._log.expect_time_left(timeouts.seconds(LONGEST_CHECK_SECONDS), so_far)
        try:
            connection = connect()
        except AddressError as error:
            raise Violation(f"a connection to {self.address}", str(error)) from None
        self._clients.append(Client(connection, self._log, f"client {len(self._clients) + 1}", self._is_busy))
        return self._clients[-1]

    def _is_busy(self) -> bool:
        return self._running is not None and self._running.is_busy()

    def disconnect(self) -> None:
        """Close every connection that the check has opened."""
        for client in self._clients:
            client.close()

    def expect_serves_new_clients(self) -> None:
        """Let a few more clients come, be served and leave."""
        for _ in range(NEXT_CLIENTS):
            client = self.connect()
            client.exchange(b"the next client\n")
            client.half_close()
            client.expect_fin()
            client.close()

    @contextmanager
    def expect_unharmed(self) -> Iterator[None]:
        """Expect that what happens inside leaves the server as it was: it serves on, and no descriptor stays open."""
        self.expect_serves_new_clients()
        if not (self._running and procfs.AVAILABLE):
            yield
            self.expect_serves_new_clients()
            return
        before = settled(self._running.descriptor_count)
        yield
        self.expect_serves_new_clients()
        self._running.expect_at_most(before, self._running.descriptor_count, "open descriptors, as before")

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let the kernel alone receive clients for a while; no pause if the process is not ours."""
        self.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.send_signal(signal.SIGCONT)

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to the server and its children, if the process is ours."""
        if self._running:
            self._running.signal_all(number)

    def stop(self, number: signal.Signals, grace: float) -> None:
        """Send a signal and expect a clean end within the grace."""
        if not self.process.child.is_alive():
            raise Violation(f"a server to send {number.name} to", "none")
        self.request_stop(number)
        self.expect_exit(grace)

    def request_stop(self, number: signal.Signals) -> None:
        """Send a signal that ends the server, and do not wait for it."""
        self._log.note(f"{number.name} to the server")
        self.process.told_to_stop()
        self.process.child.send_signal(number)

    def expect_exit(self, grace: float) -> None:
        """Expect that the server, which was told to stop, ends within the grace, and says that all went well."""
        status = self.process.child.wait(grace + timeouts.seconds(TIMEOUT_SECONDS))
        if status != 0:
            seen = "still running" if status is None else ending(status)
            raise Violation(f"exit status 0 within {grace:g} s of being told to stop", seen)

    def expect_no_process_left(self) -> None:
        """Expect that no child outlives the server, which has ended; where that cannot be seen, nothing."""
        if procfs.AVAILABLE:
            self.process.expect_at_most(0, self.process.living_count, "processes after the end of the server")

    def resident_bytes(self) -> int:
        """Return the memory that the server has in use; 0 where that cannot be seen."""
        return self._running.resident_bytes() if self._running and procfs.AVAILABLE else 0

    def kill(self) -> None:
        """Kill the server and its children."""
        self._log.note("SIGKILL to the server")
        self.process.told_to_stop()
        self.process.child.kill()
