"""A running server as one check meets it: connect to it, and, if the process is ours, watch, signal and stop it."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

from upecho import deadlines, observe
from upecho.address import Address
from upecho.conformance.violation import Log, Violation
from upecho.conformance.wire import PATIENCE_SECONDS, Wire
from upecho.process import Child

ENDING_SECONDS = 0.2  # how much later than on its sockets the end of a process may be seen on itself
LOOK_SECONDS = 0.01  # between two looks at a process for a change that makes no event
NEXT_CLIENTS = 3  # so that each of a few worker processes is likely to be asked


class Service:
    """A server at an address.

    Attributes:
        max_clients: how many clients the target serves at once; None means any number.
    """

    def __init__(self, address: Address, child: Child | None, max_clients: int | None, log: Log) -> None:
        self.address = address
        self.max_clients = max_clients
        self._child = child
        self._log = log
        self._wires: list[Wire] = []

    def connect(self, receive_buffer: int | None = None) -> Wire:
        """Return a new connection; it is closed with the check."""
        try:
            wire = Wire(self.address, self._log, f"client {len(self._wires) + 1}", receive_buffer)
        except Violation as violation:
            status = self._child.wait(ENDING_SECONDS) if self._child else None
            seen = violation.seen if status is None else f"the server has ended with exit status {status}"
            raise Violation(violation.expected, seen) from None
        self._wires.append(wire)
        return wire

    def disconnect(self) -> None:
        """Close every connection that the check has opened."""
        for wire in self._wires:
            wire.close()

    def serves_the_next(self) -> None:
        """Let a few more clients come, be served and leave."""
        for _ in range(NEXT_CLIENTS):
            wire = self.connect()
            wire.exchange(b"the next client\n")
            wire.half_close()
            wire.expect_end()
            wire.close()

    @contextmanager
    def unharmed(self) -> Iterator[None]:
        """Expect that what happens inside leaves the server as it was: it serves on, and no descriptor stays open."""
        self.serves_the_next()
        before = self._descriptors_settled()
        yield
        self.serves_the_next()
        self._expect_descriptors(before)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let the kernel alone receive clients for a while; no pause if the process is not ours."""
        self._signal_all(signal.SIGSTOP)
        try:
            yield
        finally:
            self._signal_all(signal.SIGCONT)

    def stop(self, number: signal.Signals, grace: float) -> None:
        """Send a signal and expect a clean end within the grace."""
        assert self._child
        if not self._child.is_alive():
            raise Violation(f"a server to send {number.name} to", "it has ended by itself")
        self._log.note(f"{number.name} to the server")
        self._child.send_signal(number)
        status = self._child.wait(grace + deadlines.seconds(PATIENCE_SECONDS))
        if status != 0:
            seen = "still running" if status is None else f"exit status {status}"
            raise Violation(f"exit status 0 within {grace:g} s of {number.name}", seen)

    def kill(self) -> None:
        """Kill the server and its children."""
        assert self._child
        self._log.note("SIGKILL to the server")
        self._child.kill()

    def _signal_all(self, number: signal.Signals) -> None:
        if self._child and self._child.is_alive():
            os.killpg(self._child.pid, number)

    def _descriptors_settled(self) -> int:
        """Return the number of descriptors once the last client's is closed, which is just about to happen."""
        if not (self._child and observe.AVAILABLE):
            return 0
        last, count = -1, self._child.descriptor_count()
        while count != last:
            time.sleep(LOOK_SECONDS)
            last, count = count, self._child.descriptor_count()
        return count

    def _expect_descriptors(self, before: int) -> None:
        if not (self._child and observe.AVAILABLE):
            return
        deadline = time.monotonic() + deadlines.seconds(PATIENCE_SECONDS)
        while (now := self._child.descriptor_count()) > before:
            if time.monotonic() > deadline:
                raise Violation(f"{before} open descriptors, as before", f"{now}")
            time.sleep(LOOK_SECONDS)
