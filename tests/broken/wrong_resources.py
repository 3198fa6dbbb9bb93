"""Servers that leak memory, threads or processes, waste CPU time, or fail when descriptors run out."""

import errno
import itertools
import os
import selectors
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any

from tests.broken.threads import RECEIVE_BYTES, connection_handler, echo, serve_with
from upecho.servers.selectors import Loop
from upecho.serving.contract import OUT_OF_RESOURCES, Stop

LEAKED = b"leak" * 2048
LEAK_INTERVAL = 10  # connections per leak: thousands of threads or zombies would burden the machine and prove no more


class _Listener(socket.socket):
    """A listener that calls ``fault`` when there is no descriptor for a new connection."""

    def __init__(self, listener: socket.socket, fault: Callable[[], object]) -> None:
        super().__init__(fileno=listener.detach())
        self._fault = fault

    def accept(self) -> tuple[socket.socket, Any]:
        try:
            return super().accept()
        except OSError as error:
            if error.errno in OUT_OF_RESOURCES:
                self._fault()
            raise


class _BusyPollingSelector(selectors.DefaultSelector):
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return super().select(0)


def _leak(leak: Callable[[], object], listener: socket.socket, stop: Stop) -> None:
    numbers = itertools.count()

    def handler(connection: socket.socket) -> None:
        echo(connection)
        if next(numbers) % LEAK_INTERVAL == 0:
            leak()

    serve_with(handler, listener, stop)


def leaks_threads(listener: socket.socket, stop: Stop) -> None:
    """Leave a thread waiting forever after every tenth connection."""
    _leak(lambda: threading.Thread(target=threading.Event().wait, daemon=True).start(), listener, stop)


def leaves_zombies(listener: socket.socket, stop: Stop) -> None:
    """Start a child process after every tenth connection and never wait for it."""
    _leak(lambda: os.posix_spawn("/bin/true", ["true"], {}), listener, stop)


def leaks_memory(listener: socket.socket, stop: Stop) -> None:
    """Keep 8 KiB for each connection."""
    kept: list[bytearray] = []

    def handler(connection: socket.socket) -> None:
        kept.append(bytearray(LEAKED))
        echo(connection)

    serve_with(handler, listener, stop)


def leaks_little_memory(listener: socket.socket, stop: Stop) -> None:
    """Keep 1 KiB for each connection."""
    kept: list[bytearray] = []

    def handler(connection: socket.socket) -> None:
        kept.append(bytearray(LEAKED[:1024]))
        echo(connection)

    serve_with(handler, listener, stop)


@connection_handler
def keeps_history(connection: socket.socket) -> None:
    """Keep all data of a connection until its end."""
    history: list[bytes] = []
    while data := connection.recv(RECEIVE_BYTES):
        history.append(data)
        connection.sendall(data.upper())


@connection_handler
def keeps_hundredth_of_history(connection: socket.socket) -> None:
    """Keep one percent of the data of a connection until its end."""
    history: list[bytes] = []
    while data := connection.recv(RECEIVE_BYTES):
        history.append(data[: len(data) // 100])
        connection.sendall(data.upper())


def busy_polls(listener: socket.socket, stop: Stop) -> None:
    """Poll the selector with a timeout of 0 instead of waiting."""
    with listener, _BusyPollingSelector() as selector:
        Loop(listener, stop, selector).run()


def exits_without_descriptors(listener: socket.socket, stop: Stop) -> None:
    """Exit when there is no descriptor for a new connection."""
    serve_with(echo, _Listener(listener, lambda: sys.exit("no descriptor left")), stop)


def busy_loops_without_descriptors(listener: socket.socket, stop: Stop) -> None:
    """Retry `accept()` without waiting when there is no descriptor for a new connection."""

    def fault() -> None:
        raise BlockingIOError(errno.EAGAIN, "try again")

    serve_with(echo, _Listener(listener, fault), stop)


def stops_accepting_without_descriptors(listener: socket.socket, stop: Stop) -> None:
    """Never accept again once there was no descriptor for a new connection."""
    serve_with(echo, _Listener(listener, threading.Event().wait), stop)


def closes_clients_without_descriptors(listener: socket.socket, stop: Stop) -> None:
    """Close all open connections when there is no descriptor for a new one."""
    connected: set[socket.socket] = set()

    def handler(connection: socket.socket) -> None:
        connected.add(connection)
        echo(connection)
        connected.discard(connection)

    def fault() -> None:
        while connected:
            connected.pop().shutdown(socket.SHUT_RDWR)

    serve_with(handler, _Listener(listener, fault), stop)
