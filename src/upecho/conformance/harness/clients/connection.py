"""A connection that compares every byte, bounds every wait, and distinguishes the ways in which it can end.

Knows nothing of checks or targets.
"""

import contextlib
import enum
import select
import socket
import struct
import time
from collections.abc import Callable

from upecho.conformance.harness.clients.expected_bytes import ExpectedBytes, reply_to
from upecho.conformance.harness.clients.idle_watch import IDLE_SECONDS, STEP_SECONDS, IdleWatch
from upecho.conformance.harness.violation import Log, Violation, show
from upecho.net.lost import is_lost
from upecho.support import timeouts
from upecho.support.text import plural

TIMEOUT_SECONDS = 5.0  # for an event that has to occur
LONGEST_CHECK_SECONDS = 15.0  # a server that sends one byte at a time meets every timeout, but not this one
SMALL_BYTES = 16384  # so few on the way fit into every buffer, so no retransmission delays them
READ_BYTES = 65536
READS_AT_ONCE = 32

IN, OUT = select.POLLIN, select.POLLOUT


class End(enum.Enum):
    """How a connection ended."""

    FIN = "FIN"
    RST = "RST"
    NOT_YET = "still open"


class Connection:
    """One connection to the server that is checked; it owns the socket."""

    def __init__(
        self, connection: socket.socket, log: Log, name: str, watch: Callable[[], IdleWatch | None] = lambda: None
    ) -> None:
        """Take over a socket.

        Args:
            connection: The socket, which may still be connecting.
            log: Receives what happens on the connection.
            name: Name of the connection in the log.
            watch: Begins to watch whether the server does anything, as far as that is known.
        """
        self._socket = connection
        self._watch = watch
        self._log = log
        self._name = name
        self._expected = ExpectedBytes()
        self._socket.setblocking(False)
        self._poll = select.poll()
        self.note("connected")

    @property
    def received(self) -> int:
        """Number of correct bytes received so far."""
        return self._expected.received

    @property
    def in_flight(self) -> int:
        """Number of bytes sent and not yet answered, as far as the reply has been read."""
        return len(self._expected)

    def fileno(self) -> int:
        """Return the descriptor of the socket."""
        return self._socket.fileno()

    def note(self, event: str) -> None:
        """Add an event of this connection to the log."""
        self._log.note(f"{self._name}: {event}")

    def receive(self) -> None:
        """Receive all expected bytes and compare them."""
        while self._expected:
            self._wait(IN)
            self._drain()
        self.note("received all expected bytes")

    def wait_for_reply(self) -> None:
        """Wait until data can be read, and leave it unread."""
        self._wait(IN)

    def expect_any_answer(self, *, quiet_network: bool = False) -> None:
        """Expect that at least one byte arrives, whatever it is.

        Args:
            quiet_network: Whether the kernel had no reason to drop anything that was sent on this connection, because
                the server has no other client.
        """
        self._wait(IN, quiet_network=quiet_network)
        try:
            if not self._socket.recv(1, socket.MSG_PEEK):
                raise Violation("an answer", End.FIN.value)
        except ConnectionError:
            raise Violation("an answer", End.RST.value) from None

    def discard_received(self) -> None:
        """Read what has arrived, whatever it is: to close with unread bytes is to reset the connection."""
        with contextlib.suppress(OSError):
            self._socket.recv(READ_BYTES)

    def is_connected(self, seconds: float) -> bool:
        """Return whether the connection is established, or has failed, within a time."""
        return bool(self._ready(OUT, max(0, seconds)))

    def is_answered(self, seconds: float) -> bool:
        """Return whether data or the end of the connection can be read within a time."""
        return bool(self._ready(IN, seconds))

    def compare_received(self) -> None:
        """Compare what has arrived, without waiting for the rest."""
        self._drain()

    def expect_fin(self) -> None:
        """Receive all expected bytes, then FIN and nothing else."""
        self.receive()
        self._wait_unless_idle(IN, quiet_network=self._expected.received > 0)
        end = self.wait_for_end(0)
        if end is not End.FIN:
            raise Violation("FIN", end.value)

    def expect_open(self, seconds: float) -> None:
        """Expect that the connection stays open and nothing is received for a time."""
        end = self.wait_for_end(seconds)
        if end is not End.NOT_YET:
            raise Violation(f"an open connection for {seconds} s", end.value)

    def wait_for_end(self, seconds: float) -> End:
        """Return how the connection ended within a time; bytes that arrive instead are a violation."""
        end = self._take()[1] if self._ready(IN, seconds) else End.NOT_YET
        self.note(end.value)
        return end

    def half_close(self) -> None:
        """Shut down the sending side."""
        self.note("half-closed")
        with contextlib.suppress(OSError):  # the server has reset the connection; the next receive reports that
            self._socket.shutdown(socket.SHUT_WR)

    def shutdown_both(self) -> None:
        """Shut down both directions."""
        self.note("shut down both directions")
        with contextlib.suppress(OSError):  # the server has already closed the connection
            self._socket.shutdown(socket.SHUT_RDWR)

    def reset(self) -> None:
        """End the connection so that the server sees a reset.

        TCP sends RST. A Unix socket has no reset: there, the next receive of the server fails with ECONNRESET if this
        side closes with unread bytes, so the caller has to make sure that there are some.
        """
        self.note("reset")
        if self._socket.family != socket.AF_UNIX:
            with contextlib.suppress(OSError):  # macOS refuses options once the server has ended the connection
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def close(self) -> None:
        """Close the socket, even if there is unread data."""
        self._socket.close()

    def _drain(self) -> None:
        """Read and compare what has arrived, up to a limit; the end of the connection is a violation."""
        for _ in range(READS_AT_ONCE):
            size, end = self._take()
            if end is not End.NOT_YET:
                self.note(end.value)
                missing = plural(len(self._expected), "more byte") if self._expected else "an open connection"
                raise Violation(missing, f"{end.value} after {plural(self._expected.received, 'byte')}")
            if not size or not self._expected:
                return

    def _take(self) -> tuple[int, End]:
        """Read once and compare; return the number of bytes, and whether the connection has ended."""
        try:
            data = self._socket.recv(READ_BYTES)
        except BlockingIOError:
            return 0, End.NOT_YET
        except ConnectionError:
            return 0, End.RST
        if not data:
            return 0, End.FIN
        try:
            self._expected.take(data)
        except Violation:
            self.note(f"received {show(data)}")
            raise
        self._log.count(len(data))
        return len(data), End.NOT_YET

    def _write(self, data: memoryview, reply: memoryview | None = None) -> int:
        """Send what the kernel accepts without waiting, and expect its reply; return the number of bytes.

        Args:
            data: The data.
            reply: The reply to the data; None if it still has to be computed.
        """
        sent = self._send_now(data)
        self._log.count(sent)
        self._expected.add(reply_to(data[:sent]) if reply is None else reply[:sent])
        return sent

    def _send_now(self, data: memoryview) -> int:
        """Send what the kernel accepts without waiting; return the number of bytes."""
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return 0
        except OSError as error:
            if not is_lost(error):
                raise
            self.note(str(error))
            raise Violation("a server that continues to read", f"connection lost: {error.strerror}") from None

    def _wait(self, events: int, *, quiet_network: bool = False) -> int:
        """Wait for one of the events, which has to occur; return those that have occurred."""
        received = f"{plural(self._expected.received, 'byte')} received"
        self._log.expect_time_left(timeouts.scaled(LONGEST_CHECK_SECONDS), received)
        # Once a reply has arrived, the server has accepted the connection, and little data is not dropped any more.
        quiet_network = quiet_network or (self._expected.received > 0 and len(self._expected) <= SMALL_BYTES)
        began = time.monotonic()
        if ready := self._wait_unless_idle(events, quiet_network=quiet_network):
            return ready
        timeout = timeouts.scaled(TIMEOUT_SECONDS)
        waited = f"{timeout:g} s"
        if time.monotonic() - began < timeout:
            waited = f"{timeouts.scaled(IDLE_SECONDS):g} s, in which the server did nothing"
        self.note(f"nothing for {waited}")
        missing = f"{len(self._expected)} missing" if self._expected else "none missing"
        raise Violation("progress", f"none for {waited}; {received}, {missing}")

    def _wait_unless_idle(self, events: int, *, quiet_network: bool) -> int:
        """Wait for one of the events until the timeout, or until the server is known to do nothing.

        Args:
            events: The events.
            quiet_network: Whether no retransmission of the kernel can be under way, so that nothing but the server can
                cause an event.

        Returns:
            The events that have occurred; 0 if none has.
        """
        timeout = timeouts.scaled(TIMEOUT_SECONDS)
        deadline = time.monotonic() + timeout
        step = min(STEP_SECONDS, timeout)
        if (ready := self._ready(events, step)) or not quiet_network or not (watch := self._watch()):
            return ready or self._ready(events, timeout - step)
        while not (ready := self._ready(events, step)) and time.monotonic() < deadline:
            if watch.is_idle():
                return self._ready(events, 0)
        return ready

    def _ready(self, events: int, seconds: float) -> int:
        """Return which of the events occur within a time; the end of a connection counts as readable."""
        self._poll.register(self._socket, events)
        for _, ready in self._poll.poll(seconds * 1000):
            return ready & events or events & (IN | OUT)
        return 0
