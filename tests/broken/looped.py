"""The right part of a broken server in one thread: a loop around sockets that may be wrong about some of them."""

import select
import socket
import time

from upecho.servers import Stop
from upecho.servers.shared.leaving import has_left
from upecho.servers.shared.stopping import end_reading


class Loop:
    """Answers with blocking sends, one connection after another; a subclass is wrong in one way."""

    def __init__(self, listener: socket.socket, stop: Stop) -> None:
        self.listener = listener
        self.stop = stop
        self.opened: dict[int, socket.socket] = {}
        self._poll = select.poll()
        self._ends_at = 0.0

    def run(self) -> None:
        """Serve until told to stop and every client has left, or the grace is over."""
        self.watch(self.stop.fileno())
        self.watch(self.listener.fileno())
        while self.opened or not self._ends_at:
            if self._ends_at and time.monotonic() > self._ends_at:
                return
            self.turn([self.opened[number] for number in self._ready() if number in self.opened])

    def turn(self, ready: list[socket.socket]) -> None:
        """Answer those who have sent something."""
        for connection in ready:
            self.answer(connection)

    def answer(self, connection: socket.socket) -> None:
        """Answer one client once, or see it off."""
        try:
            if data := connection.recv(65536):
                connection.sendall(data.upper())
                return
        except OSError as error:
            if not has_left(error):
                raise
        self.close(connection)

    def close(self, connection: socket.socket) -> None:
        """Close and forget a connection."""
        self.forget(connection.fileno())
        del self.opened[connection.fileno()]
        connection.close()

    def watch(self, number: int) -> None:
        """Wait for this descriptor from now on."""
        self._poll.register(number, select.POLLIN)

    def forget(self, number: int) -> None:
        """Wait for it no longer."""
        self._poll.unregister(number)

    def wait(self, seconds: float | None) -> list[int]:
        """Return the descriptors that are ready."""
        return [number for number, _ in self._poll.poll(None if seconds is None else seconds * 1000)]

    def _ready(self) -> list[int]:
        ready = self.wait(0.05 if self._ends_at else None)
        if not self._ends_at and self.stop.fileno() in ready:
            self._end()
        elif not self._ends_at and self.listener.fileno() in ready:
            connection, _ = self.listener.accept()
            self.opened[connection.fileno()] = connection
            self.watch(connection.fileno())
        return ready

    def _end(self) -> None:
        self._ends_at = time.monotonic() + self.stop.grace
        for number in (self.stop.fileno(), self.listener.fileno()):
            self.forget(number)
        self.listener.close()
        for connection in self.opened.values():
            end_reading(connection)
