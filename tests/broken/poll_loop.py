"""The correct part of a broken server that serves all clients in one thread; a subclass introduces one defect."""

import contextlib
import select
import socket
import time
from collections.abc import Iterable

from tests.broken.threads import RECEIVE_BYTES, send_what_fits
from upecho.servers.shared.leaving import has_left
from upecho.servers.shared.stopping import end_reading
from upecho.serving.contract import OUT_OF_RESOURCES, Stop

POLL_INTERVAL_SECONDS = 0.05


class PollLoop:
    """A readiness loop around ``poll()`` that does not read from a client while a reply to it is unsent.

    Attributes:
        listener: The listening socket.
        stop: The stop that the server obeys.
        connections: The open connections by descriptor.
        unsent: The rest of a reply that the kernel has not accepted yet, by descriptor; absent if there is none.
    """

    def __init__(self, listener: socket.socket, stop: Stop) -> None:
        listener.setblocking(False)
        self.listener = listener
        self.stop = stop
        self.connections: dict[int, socket.socket] = {}
        self.unsent: dict[int, bytes] = {}
        self._deadline: float | None = None

    def run(self) -> None:
        """Serve until the stop, and then until all connections are closed or the grace period is over."""
        while self._deadline is None or (self.connections and time.monotonic() < self._deadline):
            stopping = self._deadline is not None
            reading = [number for number in self.connections if number not in self.unsent]
            if not stopping:
                reading += [self.stop.fileno(), self.listener.fileno()]
            ready = self.wait(reading, list(self.unsent), timeout=POLL_INTERVAL_SECONDS if stopping else None)
            self.handle_ready([self.connections[number] for number in ready if number in self.connections])
            if not stopping and self.stop.fileno() in ready:
                self._begin_shutdown()
            elif not stopping and self.listener.fileno() in ready:
                self.accept()

    def handle_ready(self, ready: list[socket.socket]) -> None:
        """Handle each connection that can be read from, or written to if a reply is unsent."""
        for connection in ready:
            self.handle(connection)

    def handle(self, connection: socket.socket) -> None:
        """Continue an unsent reply or answer new data; close the connection at end of file or after an error."""
        number = connection.fileno()
        try:
            if data := self.unsent.pop(number, b"") or connection.recv(RECEIVE_BYTES).upper():
                self.send(connection, data)
                return
        except OSError as error:
            if not has_left(error):
                raise
        self.close(connection)

    def send(self, connection: socket.socket, data: bytes) -> None:
        """Send what the kernel accepts, and remember the rest."""
        if rest := data[send_what_fits(connection, data) :]:
            self.unsent[connection.fileno()] = rest

    def close(self, connection: socket.socket) -> None:
        """Close and forget a connection."""
        del self.connections[connection.fileno()]
        connection.close()

    def wait(self, reading: Iterable[int], writing: Iterable[int], *, timeout: float | None) -> list[int]:
        """Return the descriptors that are ready; ``timeout`` is in seconds, None waits without limit."""
        poll = select.poll()
        for number in reading:
            poll.register(number, select.POLLIN)
        for number in writing:
            poll.register(number, select.POLLOUT)
        return [number for number, _ in poll.poll(None if timeout is None else timeout * 1000)]

    def accept(self) -> None:
        """Accept every connection in the backlog, as far as there are descriptors."""
        with contextlib.suppress(BlockingIOError):
            while True:
                try:
                    connection, _ = self.listener.accept()
                except OSError as error:
                    if error.errno not in OUT_OF_RESOURCES:
                        raise
                    time.sleep(POLL_INTERVAL_SECONDS)
                    return
                self.connections[connection.fileno()] = connection

    def _begin_shutdown(self) -> None:
        self._deadline = time.monotonic() + self.stop.grace
        self.listener.close()
        for connection in self.connections.values():
            end_reading(connection)
