"""Correct implementations, each with one unusual property, which its docstring names."""

import collections
import contextlib
import os
import socket
import time
from collections.abc import Iterable

from tests.broken.poll_loop import PollLoop
from tests.broken.threads import echo, serve_with
from upecho.serving.contract import Stop

KEPT_BYTES = 8192
LEVEL = 3000  # connections
BATCH_SECONDS = 0.025
TURN_SECONDS = 0.1
MOST_READS = 1000
OWN_DESCRIPTORS = 70


class _Batching(PollLoop):
    seconds = BATCH_SECONDS

    def wait(self, reading: Iterable[int], writing: Iterable[int], *, timeout: float | None) -> list[int]:
        if self.connections:
            time.sleep(self.seconds)
        return super().wait(reading, writing, timeout=timeout)


class _Emptying(PollLoop):
    def handle(self, connection: socket.socket) -> None:
        number = connection.fileno()
        for _ in range(MOST_READS):
            super().handle(connection)
            if number not in self.connections or number in self.unsent or not self.wait([number], [], timeout=0):
                return


def fills_cache(listener: socket.socket, stop: Stop) -> None:
    """Keep 8 KiB for each of the last three thousand connections."""
    cache: collections.deque[bytearray] = collections.deque(maxlen=LEVEL)

    def handler(connection: socket.socket) -> None:
        cache.append(bytearray(os.urandom(1) * KEPT_BYTES))
        echo(connection)

    serve_with(handler, listener, stop)


def frees_garbage_late(listener: socket.socket, stop: Stop) -> None:
    """Free 8 KiB for each connection only after three thousand connections."""
    garbage: list[bytearray] = []

    def handler(connection: socket.socket) -> None:
        garbage.append(bytearray(os.urandom(1) * KEPT_BYTES))
        if len(garbage) > LEVEL:
            garbage.clear()
        echo(connection)

    serve_with(handler, listener, stop)


def replies_in_batches(listener: socket.socket, stop: Stop) -> None:
    """Gather what arrives for 25 ms before replying."""
    _Batching(listener, stop).run()


def transfers_single_bytes(listener: socket.socket, stop: Stop) -> None:
    """Receive and send one byte at a time."""

    def handler(connection: socket.socket) -> None:
        with contextlib.suppress(OSError):  # the client is gone
            while byte := connection.recv(1):
                connection.sendall(byte.upper())

    serve_with(handler, listener, stop)


def lets_few_wait(listener: socket.socket, stop: Stop) -> None:
    """Listen with a backlog of one connection."""
    listener.listen(1)
    serve_with(echo, listener, stop)


def works_in_turns(listener: socket.socket, stop: Stop) -> None:
    """Look only ten times a second at what clients have sent, as a server of a game does."""

    class InTurns(_Batching):
        seconds = TURN_SECONDS

    InTurns(listener, stop).run()


def empties_each_connection(listener: socket.socket, stop: Stop) -> None:
    """Read from a connection until nothing has arrived any more before turning to the next one."""
    _Emptying(listener, stop).run()


def opens_many_descriptors(listener: socket.socket, stop: Stop) -> None:
    """Open 70 descriptors at the start."""
    pool = [os.open("/dev/null", os.O_RDONLY) for _ in range(OWN_DESCRIPTORS)]
    try:
        serve_with(echo, listener, stop)
    finally:
        for descriptor in pool:
            os.close(descriptor)
