"""The open connections of a blocking server, and how the stop ends them."""

import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from upecho.servers.shared.stopping import end_hard, end_reading
from upecho.serving.contract import Stop


class Connections:
    """Keeps track of the open connections and ends them after the stop.

    A handler spends its life inside ``recv``, where it cannot wait for anything else. A thread waits for the stop and
    shuts down the sockets, which wakes the handlers. This costs nothing while data is exchanged.
    """

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self._open: set[socket.socket] = set()
        self._changed = threading.Condition()
        self._stopping = False
        self._grace_over = False
        self._all_added = False
        self._watcher = threading.Thread(target=self._end_at_stop, name="stop", daemon=True)

    def __enter__(self) -> Self:
        self._watcher.start()
        return self

    def __exit__(self, *raised: object) -> None:
        if raised[0] is None:
            with self._changed:
                self._all_added = True
                self._changed.notify_all()
            self._watcher.join()

    def add(self, connection: socket.socket) -> None:
        """Register a new connection, before its handler runs."""
        with self._changed:
            self._open.add(connection)
            if self._grace_over:
                end_hard(connection)
            elif self._stopping:
                end_reading(connection)

    def close(self, connection: socket.socket) -> None:
        """Close a connection whose handler has finished."""
        with self._changed:
            self._open.remove(connection)
            connection.close()
            self._changed.notify_all()

    @contextmanager
    def closing(self, connection: socket.socket) -> Iterator[None]:
        """Close the connection at the end of the ``with`` block, in which the handler runs."""
        try:
            yield
        finally:
            self.close(connection)

    def _end_at_stop(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._stop, selectors.EVENT_READ)
            selector.select()
        with self._changed:
            self._stopping = True
            for connection in self._open:
                end_reading(connection)
            if not self._changed.wait_for(self._all_closed, self._stop.grace):
                self._grace_over = True
                for connection in self._open:
                    end_hard(connection)
                self._changed.wait_for(self._all_closed)

    def _all_closed(self) -> bool:
        return self._all_added and not self._open
