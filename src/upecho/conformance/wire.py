"""A client's connection that compares every byte, bounds every wait, and tells the ends of a connection apart.

It knows what the server owes: whatever was sent, in upper case. Knows nothing of checks or targets.
"""

import contextlib
import enum
import itertools
import select
import socket
import struct
import time
from collections.abc import Iterable

from upecho import client, deadlines
from upecho.address import Address
from upecho.conformance.violation import Log, Violation, first_difference, show
from upecho.errors import AddressError

PATIENCE_SECONDS = 5.0  # how long an event that must come may take
LONGEST_CHECK_SECONDS = 60.0  # how long a check may go on whose events all come in time, as of a server that trickles
STALL_SECONDS = 0.02  # a sender that makes no headway for so long has filled every buffer on the way
CLOG_SECONDS = 0.1
CLOG_BLOCK_BYTES = 1 << 18
READ_BYTES = 65536
READS_AT_ONCE = 32

IN, OUT = select.POLLIN, select.POLLOUT

# The protocol, written without any method that a server might use for it.
UPPER = bytes(code - 32 if 97 <= code <= 122 else code for code in range(256))


class End(enum.Enum):
    """How a connection ended, if it did."""

    FIN = "FIN"
    RST = "RST"
    NOT_YET = "still open"


class Wire:
    """One connection to the server under examination."""

    def __init__(self, address: Address, log: Log, name: str, receive_buffer: int | None = None) -> None:
        self._log = log
        self._name = name
        self._owed = bytearray()
        self._received = 0
        try:
            self._socket = client.connect(address, deadlines.seconds(PATIENCE_SECONDS), receive_buffer)
        except AddressError as error:
            raise Violation(f"a connection to {address}", str(error)) from None
        self._socket.setblocking(False)
        self._poll = select.poll()
        self._family = address.family
        self._note("connected")

    def exchange(self, data: bytes) -> None:
        """Send, and receive exactly the answer."""
        self.send(data)
        self.receive()

    def send(self, data: bytes, *, eager: bool = False, cuts: Iterable[int] = itertools.repeat(1 << 30)) -> None:
        """Send all of ``data``, in writes of at most the sizes ``cuts``.

        What comes back is read and compared as it comes if ``eager``; else only when nothing more can be sent, as
        by a reader that stalls.
        """
        self._note(f"sending {show(data)}")
        rest = memoryview(data)
        sizes = iter(cuts)
        while rest:
            ready = self._ready(OUT | IN, 0) if eager else self._ready(OUT, STALL_SECONDS)
            ready = ready or self._wait(OUT | IN)
            if ready & IN:
                self._drain()
            if ready & OUT:
                rest = rest[self._write(rest[: next(sizes)]) :]

    def send_some(self, data: bytes) -> None:
        """Send as much of ``data`` as the kernel takes at once, and read nothing."""
        self._note(f"sending what the kernel takes of {show(data)}")
        self._write(memoryview(data))

    def clog(self, limit: int) -> None:
        """Send without reading until the server takes no more, or ``limit`` bytes are on their way."""
        block = bytes(CLOG_BLOCK_BYTES)
        sent = 0
        with contextlib.suppress(ConnectionError):  # a server may give up a client that does not read
            while sent < limit and self._ready(OUT, CLOG_SECONDS):
                sent += self._socket.send(block)
        self._note(f"clogged after {sent} bytes")

    def let_time_pass(self, seconds: float) -> None:
        """Do nothing for a while: an answer that arrives meanwhile stays unread."""
        self._note(f"reading nothing for {seconds} s")
        time.sleep(seconds)

    def receive(self) -> None:
        """Receive and compare all that is owed."""
        while self._owed:
            self._wait(IN)
            self._drain()
        self._note("received all that was owed")

    def half_close(self) -> None:
        """Shut down the sending side."""
        self._note("shutting down the sending side")
        with contextlib.suppress(OSError):  # the server may have reset it: the next receive will tell
            self._socket.shutdown(socket.SHUT_WR)

    def expect_end(self) -> None:
        """Receive all that is owed, then a FIN and nothing else."""
        self.receive()
        end = self.end(deadlines.seconds(PATIENCE_SECONDS))
        if end is not End.FIN:
            raise Violation("FIN", end.value)

    def expect_open(self, seconds: float) -> None:
        """Watch the connection stay open and silent for a while."""
        end = self.end(seconds)
        if end is not End.NOT_YET:
            raise Violation(f"an open connection for {seconds} s", end.value)

    def end(self, seconds: float) -> End:
        """Return how the connection has ended within ``seconds``; bytes that come instead are a violation."""
        end = self._take()[1] if self._ready(IN, seconds) else End.NOT_YET
        self._note(end.value)
        return end

    def wait_for_answer(self) -> None:
        """Wait until an answer is there to be read, and leave it unread."""
        self._wait(IN)

    def reset(self) -> None:
        """End the connection so that the server meets a reset.

        TCP sends RST. A Unix socket has none; there the server's next receive fails with ECONNRESET if this side
        closes over unread bytes, so a caller sees to it that there are some.
        """
        self._note("resetting")
        if not self._family.is_unix:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def close(self) -> None:
        """Close, whatever is unread."""
        self._socket.close()

    def shut_down_both(self) -> None:
        """Shut down both directions at once."""
        self._note("shutting down both directions")
        with contextlib.suppress(OSError):  # the server was faster
            self._socket.shutdown(socket.SHUT_RDWR)

    def _drain(self) -> None:
        """Read what is there, up to a limit, and compare it; the end of the connection is a violation."""
        for _ in range(READS_AT_ONCE):
            size, end = self._take()
            if end is not End.NOT_YET:
                self._note(end.value)
                missing = f"the {len(self._owed)} bytes still owed" if self._owed else "a connection that stays open"
                raise Violation(missing, f"{end.value} after {self._received} bytes")
            if not size or not self._owed:
                return

    def _take(self) -> tuple[int, End]:
        """Read once and compare; return how many bytes came, and whether the connection has ended."""
        try:
            data = self._socket.recv(READ_BYTES)
        except BlockingIOError:
            return 0, End.NOT_YET
        except ConnectionError:
            return 0, End.RST
        if not data:
            return 0, End.FIN
        expected = bytes(self._owed[: len(data)])
        if data != expected:
            raise self._mismatch(data, expected)
        del self._owed[: len(data)]
        self._received += len(data)
        return len(data), End.NOT_YET

    def _mismatch(self, data: bytes, expected: bytes) -> Violation:
        self._note(f"received {show(data)}")
        if not expected:
            return Violation(
                "silence: nothing is owed", f"surplus bytes {show(data)} after {self._received} right ones"
            )
        offset = first_difference(data, expected)
        where = f"at byte {self._received + offset}"
        if offset == len(expected):
            return Violation(f"{self._received + offset} bytes", f"surplus bytes {show(data, offset)} {where}")
        return Violation(f"{show(expected, offset)} {where}", show(data, offset))

    def _write(self, data: memoryview) -> int:
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            return 0
        except ConnectionError as error:
            self._note(str(error))
            raise Violation("a server that reads on", f"the connection was ended: {error.strerror}") from None
        self._owed += bytes(data[:sent]).translate(UPPER)
        return sent

    def _wait(self, events: int) -> int:
        """Wait for one of the events, which must come; return those that have."""
        patience = deadlines.seconds(PATIENCE_SECONDS)
        limit = deadlines.seconds(LONGEST_CHECK_SECONDS)
        if self._log.age_seconds() > limit:
            raise Violation(f"the check done within {limit:g} s", f"only {self._received} bytes received by then")
        if ready := self._ready(events, patience):
            return ready
        self._note(f"nothing for {patience:g} s")
        owed = f"{len(self._owed)} bytes are owed" if self._owed else "nothing is owed"
        raise Violation("progress", f"none for {patience:g} s; {self._received} bytes received, {owed}")

    def _ready(self, events: int, seconds: float) -> int:
        """Return which of the events are there within ``seconds``; an ended connection counts as readable."""
        self._poll.register(self._socket, events)
        for _, ready in self._poll.poll(seconds * 1000):
            return ready & events or events & (IN | OUT)
        return 0

    def _note(self, event: str) -> None:
        self._log.note(f"{self._name}: {event}")
