"""The right part of a broken server in one thread: a loop around sockets, of which a subclass gets one thing wrong."""

import contextlib
import select
import socket
import time
from collections.abc import Iterable

from tests.broken.threaded import send_what_fits
from upecho.servers.shared.leaving import has_left
from upecho.servers.shared.stopping import end_reading
from upecho.serving.contract import OUT_OF_RESOURCES, Stop

POLL_INTERVAL_SECONDS = 0.05


class Loop:
    """Answers one connection after another; nobody is read from who is owed something."""

    def __init__(self, listener: socket.socket, stop: Stop) -> None:
        listener.setblocking(False)
        self.listener = listener
        self.stop = stop
        self.opened: dict[int, socket.socket] = {}
        self.owed: dict[int, bytes] = {}
        self._ends_at: float | None = None

    def run(self) -> None:
        """Serve until told to stop and every client has left, or the grace is over."""
        while self._ends_at is None or (self.opened and time.monotonic() < self._ends_at):
            waiting = [self.stop.fileno(), self.listener.fileno()] if self._ends_at is None else []
            reading = [*waiting, *(number for number in self.opened if number not in self.owed)]
            ready = self.wait(reading, list(self.owed), None if self._ends_at is None else POLL_INTERVAL_SECONDS)
            self.turn([self.opened[number] for number in ready if number in self.opened])
            if self._ends_at is None and self.stop.fileno() in ready:
                self._end()
            elif self._ends_at is None and self.listener.fileno() in ready:
                self.accept()

    def turn(self, ready: list[socket.socket]) -> None:
        """Answer those who have sent something, or can take what they are owed."""
        for connection in ready:
            self.answer(connection)

    def answer(self, connection: socket.socket) -> None:
        """Answer one client once, or see it off."""
        number = connection.fileno()
        try:
            if data := self.owed.pop(number, b"") or connection.recv(65536).upper():
                self.send(connection, data)
                return
        except OSError as error:
            if not has_left(error):
                raise
        self.close(connection)

    def send(self, connection: socket.socket, data: bytes) -> None:
        """Send what the kernel takes, and owe the rest."""
        if rest := data[send_what_fits(connection, data) :]:
            self.owed[connection.fileno()] = rest

    def close(self, connection: socket.socket) -> None:
        """Close and forget a connection."""
        del self.opened[connection.fileno()]
        connection.close()

    def wait(self, reading: Iterable[int], writing: Iterable[int], seconds: float | None) -> list[int]:
        """Return the descriptors that are ready."""
        poll = select.poll()
        for number in reading:
            poll.register(number, select.POLLIN)
        for number in writing:
            poll.register(number, select.POLLOUT)
        return [number for number, _ in poll.poll(None if seconds is None else seconds * 1000)]

    def accept(self) -> None:
        """Accept whoever waits, if there are descriptors."""
        with contextlib.suppress(BlockingIOError):
            while True:
                try:
                    connection, _ = self.listener.accept()
                except OSError as error:
                    if error.errno not in OUT_OF_RESOURCES:
                        raise
                    time.sleep(POLL_INTERVAL_SECONDS)
                    return
                self.opened[connection.fileno()] = connection

    def _end(self) -> None:
        self._ends_at = time.monotonic() + self.stop.grace
        self.listener.close()
        for connection in self.opened.values():
            end_reading(connection)
