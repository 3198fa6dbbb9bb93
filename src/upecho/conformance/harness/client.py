"""A client's connection that compares every byte, bounds every wait, and tells the ends of a connection apart.

Knows nothing of checks or targets.
"""

import contextlib
import enum
import itertools
import random
import select
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterable

from upecho.conformance.harness.expected_bytes import ExpectedBytes
from upecho.conformance.harness.violation import Log, Violation, show
from upecho.support import timeouts
from upecho.support.text import plural

TIMEOUT_SECONDS = 5.0  # how long an event that must come may take
LONGEST_CHECK_SECONDS = 60.0  # how long a check may go on whose events all come in time, as of a server that trickles
STALL_SECONDS = 0.02  # a sender that makes no headway for so long has filled every buffer on the way
STALL_SECONDS = 0.05  # what is taken later than that is owed all the same
BUSY_SECONDS = 1.0  # how long a server is waited for that takes nothing and yet does something
STALL_BLOCK = random.Random(20260703).randbytes(262_139)  # a prime: no piece of it returns at a buffer's boundary
READ_BYTES = 65536
WHOLE = itertools.repeat(1 << 30)
READS_AT_ONCE = 32
WINDOW = slice(228, 232)  # tcpi_snd_wnd in linux/tcp.h: what the other side has promised to take
WINDOW_AT_LEAST = 50_000

IN, OUT = select.POLLIN, select.POLLOUT


class End(enum.Enum):
    """How a connection ended, if it did."""

    FIN = "FIN"
    RST = "RST"
    NOT_YET = "still open"


class Client:
    """One connection to the server under examination; it takes charge of the socket, which may still be connecting.

    ``is_busy`` tells whether the server has something to do, as far as that can be seen.
    """

    def __init__(
        self, connection: socket.socket, log: Log, name: str, is_busy: Callable[[], bool] = lambda: False
    ) -> None:
        self._log = log
        self._is_busy = is_busy
        self._name = name
        self._expected = ExpectedBytes()
        self._socket = connection
        self._socket.setblocking(False)
        self._poll = select.poll()
        self._note("connected")

    def exchange(self, data: bytes) -> None:
        """Send, and receive exactly the answer."""
        self.send(data)
        self.receive()

    def send(self, data: bytes, *, eager: bool = False, cuts: Iterable[int] = WHOLE) -> None:
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

    def send_up_to_window(self, data: bytes) -> None:
        """Send as much of ``data`` as reaches the server though it reads nothing: what fits into its buffer."""
        size = len(data)
        if sys.platform == "linux" and self._socket.family != socket.AF_UNIX:
            told = self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, WINDOW.stop)
            window = int.from_bytes(told[WINDOW], sys.byteorder)  # since Linux 5.4
            size = min(size, window or WINDOW_AT_LEAST)
        self.send_some(data[:size])

    def send_urgent(self, byte: bytes) -> None:
        """Send one byte out of band; nothing is expected for it."""
        self._note(f"sending {show(byte)} out of band")
        self._socket.send(byte, socket.MSG_OOB)

    def stall(self, limit: int, seconds: float = STALL_SECONDS) -> int:
        """Send without reading until the server takes no more for so long, or ``limit`` bytes; return how many.

        Who takes no more because the machine does not let it run is waited for, for a while: it may also spin.
        """
        sent = 0
        since = time.monotonic()
        while sent < limit:
            if self._ready(OUT, seconds):
                sent += self._write(memoryview(STALL_BLOCK))
                since = time.monotonic()
            elif time.monotonic() - since > BUSY_SECONDS or not self._is_busy():
                break
        self._note(f"stalled after {plural(sent, 'byte')}")
        return sent

    def pump(self, data: bytes) -> None:
        """Receive what is there and send what the kernel takes of ``data``, without waiting for either."""
        ready = self._ready(IN | OUT, 0)
        if ready & IN:
            self._drain()
        if ready & OUT:
            self._write(memoryview(data))

    def response_seconds(self, data: bytes, meanwhile: Callable[[], None] = lambda: None) -> float:
        """Send, call ``meanwhile`` until an answer arrives, receive; return how long all of it took."""
        began = time.monotonic()
        self.send(data)
        while not self._ready(IN, 0) and time.monotonic() - began < timeouts.scaled(TIMEOUT_SECONDS):
            meanwhile()
        self.receive()
        return time.monotonic() - began

    def response_seconds_in_pieces(self, data: bytes, size: int) -> float:
        """Send in pieces of a size, receive; return how long that took.

        The kernel is told to acknowledge late, as for a client that is about to send. Between the pieces no time is
        lost: who can answer each before the next one comes has no second answer that could wait for the first.
        """
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 0)
        self._note(f"sending {show(data)} in pieces of {plural(size, 'byte')}")
        self._expected.add(data)
        began = time.monotonic()
        for start in range(0, len(data), size):
            rest = memoryview(data)[start : start + size]
            while rest := rest[self._hand_over(rest) :]:
                self._wait(OUT)
        self.receive()
        return time.monotonic() - began

    def pause(self, seconds: float) -> None:
        """Do nothing for a while: an answer that arrives meanwhile stays unread."""
        self._note(f"reading nothing for {seconds} s")
        time.sleep(seconds)

    def receive(self) -> None:
        """Receive and compare all that is owed."""
        while self._expected:
            self._wait(IN)
            self._drain()
        self._note("received all that was owed")

    def half_close(self) -> None:
        """Shut down the sending side."""
        self._note("shutting down the sending side")
        with contextlib.suppress(OSError):  # the server may have reset it: the next receive will tell
            self._socket.shutdown(socket.SHUT_WR)

    def expect_fin(self) -> None:
        """Receive all that is owed, then a FIN and nothing else."""
        self.receive()
        end = self.wait_for_end(timeouts.scaled(TIMEOUT_SECONDS))
        if end is not End.FIN:
            raise Violation("FIN", end.value)

    def expect_open(self, seconds: float) -> None:
        """Watch the connection stay open and silent for a while."""
        end = self.wait_for_end(seconds)
        if end is not End.NOT_YET:
            raise Violation(f"an open connection for {seconds} s", end.value)

    def wait_for_end(self, seconds: float) -> End:
        """Return how the connection has ended within ``seconds``; bytes that come instead are a violation."""
        end = self._take()[1] if self._ready(IN, seconds) else End.NOT_YET
        self._note(end.value)
        return end

    def is_answered(self, seconds: float) -> bool:
        """Whether something is there to be read within ``seconds``, be it an answer or an end."""
        return bool(self._ready(IN, seconds))

    def is_served(self, data: bytes, seconds: float) -> bool:
        """Whether what is sent is answered within ``seconds``; to be turned away is a no as well."""
        with contextlib.suppress(Violation):
            self.send(data)
            if self.is_answered(seconds):
                self.receive()
                return True
        return False

    def wait_for_reply(self) -> None:
        """Wait until an answer is there to be read, and leave it unread."""
        self._wait(IN)

    def reset(self) -> None:
        """End the connection so that the server meets a reset.

        TCP sends RST. A Unix socket has none; there the server's next receive fails with ECONNRESET if this side
        closes over unread bytes, so a caller sees to it that there are some.
        """
        self._note("resetting")
        if self._socket.family != socket.AF_UNIX:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def close(self) -> None:
        """Close, whatever is unread."""
        self._socket.close()

    def shutdown_both(self) -> None:
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
                owed = f"the {plural(len(self._expected), 'byte')} still owed"
                missing = owed if self._expected else "a connection that stays open"
                raise Violation(missing, f"{end.value} after {plural(self._expected.received, 'byte')}")
            if not size or not self._expected:
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
        try:
            self._expected.take(data)
        except Violation:
            self._note(f"received {show(data)}")
            raise
        return len(data), End.NOT_YET

    def _write(self, data: memoryview) -> int:
        sent = self._hand_over(data)
        self._expected.add(data[:sent])
        return sent

    def _hand_over(self, data: memoryview) -> int:
        """Give the kernel what it takes at once; return how many bytes that were."""
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return 0
        except ConnectionError as error:
            self._note(str(error))
            raise Violation("a server that reads on", f"the connection was ended: {error.strerror}") from None

    def _wait(self, events: int) -> int:
        """Wait for one of the events, which must come; return those that have."""
        timeout = timeouts.scaled(TIMEOUT_SECONDS)
        received = f"{plural(self._expected.received, 'byte')} received"
        self._log.expect_time_left(timeouts.scaled(LONGEST_CHECK_SECONDS), received)
        if ready := self._ready(events, timeout):
            return ready
        self._note(f"nothing for {timeout:g} s")
        verb = "is" if len(self._expected) == 1 else "are"
        owed = f"{plural(len(self._expected), 'byte')} {verb} owed" if self._expected else "nothing is owed"
        raise Violation("progress", f"none for {timeout:g} s; {received}, {owed}")

    def _ready(self, events: int, seconds: float) -> int:
        """Return which of the events are there within ``seconds``; an ended connection counts as readable."""
        self._poll.register(self._socket, events)
        for _, ready in self._poll.poll(seconds * 1000):
            return ready & events or events & (IN | OUT)
        return 0

    def _note(self, event: str) -> None:
        self._log.note(f"{self._name}: {event}")
