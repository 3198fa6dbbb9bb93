"""A server that says that it serves one client at a time, and is wrong about the others."""

import socket
import time

from tests.broken.looped import Loop
from upecho.servers import Stop

MAX_CLIENTS = 1
FORGETTING_SECONDS = 0.05


class _Forgets(Loop):
    """Forgets whoever has waited for long when another client leaves."""

    def __init__(self, listener: socket.socket, stop: Stop) -> None:
        super().__init__(listener, stop)
        self._since: dict[int, float] = {}
        self._forgotten: list[socket.socket] = []

    def turn(self, ready: list[socket.socket]) -> None:
        first = next(iter(self.opened), None)
        super().turn([connection for connection in ready if connection.fileno() == first])
        if first not in self.opened:
            for number in [number for number in self.opened if self._has_waited_for_long(number)]:
                self._forgotten.append(self.opened.pop(number))

    def accept(self) -> None:
        super().accept()
        for number in self.opened:
            self._since.setdefault(number, time.monotonic())

    def close(self, connection: socket.socket) -> None:
        self._since.pop(connection.fileno())
        super().close(connection)

    def _has_waited_for_long(self, number: int) -> bool:
        return time.monotonic() - self._since[number] > FORGETTING_SECONDS


def forgets(listener: socket.socket, stop: Stop) -> None:
    """Serve one client at a time, and forget others."""
    _Forgets(listener, stop).run()
