"""Servers that keep what clients leave, use CPU time for nothing, fail when descriptors run out, or complain."""

import errno
import functools
import itertools
import os
import selectors
import socket
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any

from tests.broken.threaded import answering, serve_with
from upecho.servers.selectors import Loop
from upecho.serving.contract import OUT_OF_RESOURCES, Stop

KEPT = b"kept" * 2048
ONE_IN = 10  # thousands of threads or zombies would be a burden to the machine, and show no more

_echo = answering(bytes.upper)


class _Listener(socket.socket):
    """A listener that does something wrong when there is no descriptor for a client."""

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


class _Impatient(selectors.DefaultSelector):
    """Does not wait, but looks again and again."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return super().select(0)


def polls(listener: socket.socket, stop: Stop) -> None:
    """Ask the selector with a timeout of 0, for ever."""
    with listener, _Impatient() as selector:
        Loop(listener, stop, selector).run()


def _leaves_behind(leave: Callable[[], object], listener: socket.socket, stop: Stop) -> None:
    """Do something to one in so many clients that ought to be undone."""
    numbers = itertools.count()

    def handler(connection: socket.socket) -> None:
        _echo(connection)
        if next(numbers) % ONE_IN == 0:
            leave()

    serve_with(handler, listener, stop)


def _leave_thread() -> None:
    threading.Thread(target=threading.Event().wait, daemon=True).start()


def _leave_zombie() -> None:
    os.posix_spawn("/bin/true", ["true"], {})


def leaks_memory(listener: socket.socket, stop: Stop) -> None:
    """Keep a few KiB for each client that ever came."""
    kept: list[bytearray] = []

    def handler(connection: socket.socket) -> None:
        kept.append(bytearray(KEPT))
        _echo(connection)

    serve_with(handler, listener, stop)


def dies_when_full(listener: socket.socket, stop: Stop) -> None:
    """End because there is no descriptor for a client."""
    serve_with(_echo, _Listener(listener, lambda: sys.exit("no descriptor left")), stop)


def spins_when_full(listener: socket.socket, stop: Stop) -> None:
    """Try at once to accept again, as if somebody else had been faster."""

    def fault() -> None:
        raise BlockingIOError(errno.EAGAIN, "try again")

    serve_with(_echo, _Listener(listener, fault), stop)


def ends_accepting_when_full(listener: socket.socket, stop: Stop) -> None:
    """Serve those who are connected, and never accept again."""
    serve_with(_echo, _Listener(listener, threading.Event().wait), stop)


def drops_when_full(listener: socket.socket, stop: Stop) -> None:
    """End every connection to make room for those who wait."""
    connected: set[socket.socket] = set()

    def handler(connection: socket.socket) -> None:
        connected.add(connection)
        _echo(connection)
        connected.discard(connection)

    def fault() -> None:
        while connected:
            connected.pop().shutdown(socket.SHUT_RDWR)

    serve_with(handler, _Listener(listener, fault), stop)


def _reports_each_client(connection: socket.socket) -> None:
    traceback.print_stack()
    _echo(connection)


def _reports_each_reset(connection: socket.socket) -> None:
    try:
        _echo(connection)
    except ConnectionError:
        traceback.print_exc()


leaks_threads = functools.partial(_leaves_behind, _leave_thread)
leaves_zombies = functools.partial(_leaves_behind, _leave_zombie)
complains = functools.partial(serve_with, _reports_each_client)
complains_of_resets = functools.partial(serve_with, _reports_each_reset)
