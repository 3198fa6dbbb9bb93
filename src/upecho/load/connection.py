"""A connection of the Python engine and the request in flight on it; every byte of the reply is compared."""

import selectors
import socket

from upecho.load.payload import Payload
from upecho.load.plan import Failure
from upecho.net.lost import is_lost

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


class Broken(Exception):
    """The server violated the protocol on this connection, or did not accept it.

    Attributes:
        failure: Kind of failure.
    """

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.value)
        self.failure = failure


class Connection:
    """A connected, non-blocking socket that carries one request at a time.

    Attributes:
        sock: The socket.
        started_ns: Start of the request in flight, in nanoseconds of time.perf_counter_ns.
    """

    __slots__ = (
        "_buffer",
        "_ending",
        "_offset",
        "_payload",
        "_received",
        "_selector",
        "_sent",
        "_size",
        "sock",
        "started_ns",
    )

    def __init__(self, sock: socket.socket, payload: Payload, selector: selectors.BaseSelector) -> None:
        self.sock = sock
        self.started_ns = 0
        self._payload = payload
        self._size = payload.message_size
        self._buffer = payload.buffer
        self._selector = selector
        self._offset = self._sent = self._received = 0
        self._ending = False
        selector.register(sock, READ, self)

    def begin(self, started_ns: int = 0, *, ending: bool = False) -> None:
        """Send the next request; if it is the last one (``ending``), shut down our sending side behind it.

        Args:
            started_ns: Time from which its latency counts, in nanoseconds of time.perf_counter_ns.
            ending: Whether it is the last one.
        """
        self._offset = next(self._payload.offsets)
        self._sent = self._received = 0
        self._ending = ending
        self.started_ns = started_ns
        self._send()
        if self._sent < self._size:
            self._selector.modify(self.sock, READ | WRITE, self)

    def proceed(self) -> None:
        """Send more of a request that the kernel did not accept as a whole."""
        self._send()
        if self._sent == self._size:
            self._selector.modify(self.sock, READ, self)

    def receive(self) -> bool:
        """Compare the bytes that have arrived with the expected ones; return whether the reply is complete.

        Raises:
            Broken: The bytes differ, there are too many, or the connection ended too early.
        """
        expected = self._sent - self._received
        try:
            count = self.sock.recv_into(self._buffer, min(expected + 1, len(self._buffer)))
        except BlockingIOError:
            return False
        except ConnectionError:
            raise Broken(Failure.RESET) from None
        position = self._offset + self._received
        # startswith() compares in place; a slice would copy, and memoryviews are compared byte by byte.
        if not self._payload.expected.startswith(self._buffer[: min(count, expected)], position):
            raise Broken(Failure.MISMATCH)
        if count > expected:
            raise Broken(Failure.SURPLUS)
        self._received += count
        if count:
            return self._received == self._size and not self._ending
        if self._received < self._size or not self._ending:
            raise Broken(Failure.EARLY_END)
        return True

    def _send(self) -> None:
        start = self._offset + self._sent
        try:
            self._sent += self.sock.send(self._payload.sent[start : self._offset + self._size])
            if self._ending and self._sent == self._size:
                self.sock.shutdown(socket.SHUT_WR)
        except BlockingIOError:
            pass  # backpressure: the selector reports when the kernel accepts more
        except OSError as error:
            if not is_lost(error):
                raise
            raise Broken(Failure.RESET) from None
