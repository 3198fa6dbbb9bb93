"""A client: a connection with the ways of sending and receiving that checks need."""

import contextlib
import fcntl
import itertools
import os
import random
import signal
import socket
import sys
import termios
import time
from collections.abc import Callable, Iterable, Iterator

from upecho.conformance.harness.clients.connection import IN, OUT, TIMEOUT_SECONDS, Connection
from upecho.conformance.harness.clients.expected_bytes import Block
from upecho.conformance.harness.clients.idle_watch import IdleWatch
from upecho.conformance.harness.violation import Log, Violation, show
from upecho.net.peer_queue import SendQueue, accept_arrivals, drop_arrivals, send_queue_of_peer
from upecho.support import timeouts
from upecho.support.errors import Unavailable
from upecho.support.text import plural

SLOW_READER_SECONDS = 0.02  # how long a client that does not read eagerly tries to send before it reads
STALL_SECONDS = 0.05  # a server that accepts nothing for so long has filled every buffer, its own included
MAX_BUSY_SECONDS = 1.0  # how long a busy server that accepts nothing is waited for
STALL_BLOCK = Block(random.Random(20260703).randbytes(262_139))  # a prime size, so that no buffer repeats its content
MAX_FLOOD_BYTES = 2 << 20  # in flight from a client that floods; a server that answers 64 KiB at a time is never idle
WHOLE = itertools.repeat(1 << 30)
WINDOW = slice(228, 232)  # tcpi_snd_wnd in linux/tcp.h: how much the peer has announced to accept
MIN_WINDOW_BYTES = 50_000
POLL_INTERVAL_SECONDS = 0.001  # between two looks at what the server's kernel has acknowledged


def _never_busy() -> bool:
    return False


class Client(Connection):
    """A client of the server that is checked."""

    def __init__(
        self,
        connection: socket.socket,
        log: Log,
        name: str,
        *,
        is_busy: Callable[[], bool] = _never_busy,
        watch: Callable[[], IdleWatch | None] = lambda: None,
    ) -> None:
        """Take over a socket.

        Args:
            connection: The socket, which may still be connecting.
            log: Receives what happens on the connection.
            name: Name of the client in the log.
            is_busy: Returns whether the server is using CPU time or waiting for a processor, as far as that is known.
            watch: Begins to watch whether the server does anything, as far as that is known.
        """
        super().__init__(connection, log, name, watch)
        self._is_busy = is_busy

    def exchange(self, data: bytes) -> None:
        """Send, then receive exactly the reply."""
        self.send(data)
        self.receive()

    def send(self, data: bytes, *, eager: bool = False, cuts: Iterable[int] = WHOLE) -> None:
        """Send all data.

        Args:
            data: The data.
            eager: Whether to read the reply as soon as it arrives. Otherwise, the client reads only when it cannot send
                any more, as a slow reader does.
            cuts: The largest size of each write, in bytes.
        """
        self.note(f"sending {show(data)}")
        rest = memoryview(data)
        sizes = iter(cuts)
        while rest:
            ready = self._ready(OUT | IN, 0) if eager else self._ready(OUT, SLOW_READER_SECONDS)
            ready = ready or self._wait(OUT | IN)
            if ready & IN:
                self._drain()
            if ready & OUT:
                rest = rest[self._write(rest[: next(sizes)]) :]

    def send_some(self, data: bytes) -> None:
        """Send as much data as the kernel accepts without waiting, and read nothing."""
        sent = self._write(memoryview(data))
        self.note(f"sent {sent} of {show(data)}")

    def send_up_to_window(self, data: bytes) -> None:
        """Send as much data as arrives at the server while it reads nothing: what fits into its receive buffer."""
        size = len(data)
        if sys.platform == "linux" and self._socket.family != socket.AF_UNIX:
            information = self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, WINDOW.stop)
            window = int.from_bytes(information[WINDOW], sys.byteorder)  # since Linux 5.4
            size = min(size, window or MIN_WINDOW_BYTES)
        self.send_some(data[:size])

    def wait_until_arrived(self, seconds: float) -> bool:
        """Return whether all that was sent has arrived at the server's kernel within a time.

        A Unix socket delivers at once. TCP has delivered what is acknowledged, which only Linux shows; elsewhere, a
        loopback connection is assumed to have delivered after the time.
        """
        if self._socket.family == socket.AF_UNIX:
            return True
        deadline = time.monotonic() + seconds
        while not (arrived := sys.platform == "linux" and self._is_acknowledged()) and time.monotonic() < deadline:
            time.sleep(POLL_INTERVAL_SECONDS)
        return arrived or sys.platform != "linux"

    def queued_bytes(self) -> tuple[int, int]:
        """Return how many bytes the server has not taken yet, and how many have arrived here and are unread."""
        return self._queued(termios.TIOCOUTQ), self._queued(termios.FIONREAD)  # SIOCOUTQ and SIOCINQ: tcp(7)

    def _queued(self, request: int) -> int:
        return int.from_bytes(fcntl.ioctl(self._socket, request, bytes(4)), sys.byteorder)

    def _is_acknowledged(self) -> bool:
        unacknowledged = fcntl.ioctl(self._socket, termios.TIOCOUTQ, bytes(4))  # SIOCOUTQ: tcp(7)
        return not any(unacknowledged)

    def send_urgent(self, byte: bytes) -> None:
        """Send one byte out of band, for which no reply is expected."""
        self.note(f"sending {show(byte)} out of band")
        self._socket.send(byte, socket.MSG_OOB)

    def signal_on_arrival(self, number: signal.Signals, group: int) -> None:
        """Have the kernel send a signal to a process group whenever data arrives.

        Raises:
            Unavailable: This is not Linux.
        """
        if sys.platform != "linux":
            raise Unavailable("only Linux can choose the signal", subject="a signal on arrival")
        fcntl.fcntl(self._socket, fcntl.F_SETOWN, -group)
        fcntl.fcntl(self._socket, fcntl.F_SETSIG, number)
        fcntl.fcntl(self._socket, fcntl.F_SETFL, fcntl.fcntl(self._socket, fcntl.F_GETFL) | os.O_ASYNC)

    def signal_nobody(self) -> None:
        """End what ``signal_on_arrival`` has begun."""
        fcntl.fcntl(self._socket, fcntl.F_SETFL, fcntl.fcntl(self._socket, fcntl.F_GETFL) & ~os.O_ASYNC)

    def stall(self, limit: int, seconds: float = STALL_SECONDS) -> int:
        """Send without reading until the server accepts no more.

        A server that is busy, perhaps because it waits for a processor, is given more time; but not for ever, because
        it may be in a busy loop.

        Args:
            limit: Number of bytes after which to stop.
            seconds: How long the server has to accept nothing.

        Returns:
            The number of bytes sent.
        """
        sent = 0
        since = time.monotonic()
        while sent < limit:
            if self._ready(OUT, seconds):
                sent += self._write(STALL_BLOCK.data[: limit - sent], STALL_BLOCK.reply)
                since = time.monotonic()
            elif time.monotonic() - since > MAX_BUSY_SECONDS or not self._is_busy():
                break
        self.note(f"stalled after {plural(sent, 'byte')}")
        return sent

    def receive_available(self, seconds: float) -> int:
        """Receive until nothing arrives for some seconds, and return the number of bytes."""
        before = self._expected.received
        while self._expected and self._ready(IN, seconds):
            self._drain()
        return self._expected.received - before

    def pump(self, block: Block) -> None:
        """Receive what has arrived and send what the kernel accepts, without waiting.

        At most ``MAX_FLOOD_BYTES`` stay in flight, so how much a server finds to read in one turn depends neither on
        the speed of this client nor on how much its kernel would hold.
        """
        ready = self._ready(IN | OUT, 0)
        if ready & IN:
            self._drain()
        if ready & OUT and self.in_flight < MAX_FLOOD_BYTES:
            self._write(block.data, block.reply)

    def pause(self, seconds: float) -> None:
        """Do nothing for a time; a reply that arrives stays unread."""
        self.note(f"reading nothing for {seconds} s")
        time.sleep(seconds)

    def is_served(self, data: bytes, seconds: float) -> bool:
        """Return whether the server answers within a time; a connection that it rejects is not served."""
        with contextlib.suppress(Violation):
            self.send(data)
            if self.is_answered(seconds):
                self.receive()
                return True
        return False

    def response_seconds(
        self,
        data: bytes,
        meanwhile: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> float:
        """Send, receive the reply, and return the duration in seconds.

        Args:
            data: The data.
            meanwhile: Called repeatedly until a reply arrives.
            clock: Measures the duration. This thread never waits, so its CPU time is a measure that does not grow while
                other processes have the processor.
        """
        deadline = time.monotonic() + timeouts.scaled(TIMEOUT_SECONDS)
        began = clock()
        self.send(data)
        while not self._ready(IN, 0) and time.monotonic() < deadline:
            meanwhile()
        self.receive()
        return clock() - began

    def send_queue_of_server(self) -> SendQueue | None:
        """Return what the server has written on this connection and this client's kernel has not acknowledged.

        It is None where the system does not show it.
        """
        return send_queue_of_peer(self._socket)

    @contextlib.contextmanager
    def dropping_arrivals(self) -> Iterator[None]:
        """Let the kernel drop what the server sends, and acknowledge nothing, during the block; TCP sends it again."""
        self.note("its kernel drops what arrives")
        drop_arrivals(self._socket)
        try:
            yield
        finally:
            accept_arrivals(self._socket)
            self.note("its kernel accepts what arrives")
