"""One connection of an engine and the request in flight on it; every byte of the reply is compared."""

import errno
import selectors
import socket
import time

from upecho.load.payload import Payload
from upecho.load.plan import Failure

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


class Broken(Exception):
    """The server did not keep to the protocol on this connection."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.value)
        self.failure = failure


class Connection:
    """A connected, non-blocking socket that carries one request at a time.

    Attributes:
        sock: the socket.
        started_ns: when the request in flight began, by time.perf_counter_ns.
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

    def begin(self, *, ending: bool = False) -> None:
        """Send the next request; the last one is followed by the end of our side."""
        self._offset = next(self._payload.offsets)
        self._sent = self._received = 0
        self._ending = ending
        self.started_ns = time.perf_counter_ns()
        self._send()
        if self._sent < self._size:
            self._selector.modify(self.sock, READ | WRITE, self)

    def proceed(self) -> None:
        """Send more of a request that the kernel did not take at once."""
        self._send()
        if self._sent == self._size:
            self._selector.modify(self.sock, READ, self)

    def receive(self) -> bool:
        """Compare what has arrived; say whether the exchange is complete."""
        owed = self._sent - self._received
        try:
            count = self.sock.recv_into(self._buffer, min(owed + 1, len(self._buffer)))
        except BlockingIOError:
            return False
        except ConnectionError:
            raise Broken(Failure.RESET) from None
        position = self._offset + self._received
        # startswith() compares in place; a slice would copy, and comparing memoryviews goes byte by byte.
        if not self._payload.expected.startswith(self._buffer[: min(count, owed)], position):
            raise Broken(Failure.MISMATCH)
        if count > owed:
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
            pass  # the kernel takes no more for now; the selector says when to go on
        except OSError as error:
            if not isinstance(error, ConnectionError) and error.errno != errno.ENOTCONN:
                raise
            raise Broken(Failure.RESET) from None
