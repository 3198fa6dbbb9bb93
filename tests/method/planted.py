"""Servers that differ from each other by a known cost or a known delay."""

import functools
import hashlib
import os
import socket
import time
from pathlib import Path

from tests.broken.poll_loop import PollLoop
from tests.broken.threads import serve_with
from upecho.serving.contract import Stop

SHARE = 0.05  # CPU time that the more expensive server uses beyond that of the other one, as a share of the latter
BURNT = 0.2  # CPU time that the other one burns: burning changes what the rest costs, by 0.25 % of it on an AMD EPYC
WORK = bytes(1 << 17)  # hashing this takes 0.1 ms, which hides the effect of how many requests a wake-up finds

DELAY_SECONDS = 0.005
NOTES = "DELAYS"  # environment variable with the path of the file that delays are written to, in nanoseconds

STALL_SECONDS = 0.3
STALL_AFTER_NS = 300_000_000  # after the connection was opened


class _Working(PollLoop):
    """Works for each request, and burns a further share of all its CPU time."""

    def __init__(self, share: float, listener: socket.socket, stop: Stop) -> None:
        super().__init__(listener, stop)
        self._share = share
        self._to_burn_ns = 0.0
        self._read_ns = time.thread_time_ns()

    def send(self, connection: socket.socket, data: bytes) -> None:
        hashlib.sha256(WORK).digest()
        now_ns = began_ns = time.thread_time_ns()
        self._to_burn_ns += self._share * (now_ns - self._read_ns)
        while now_ns - began_ns < self._to_burn_ns:
            now_ns = time.thread_time_ns()
        self._to_burn_ns -= now_ns - began_ns
        self._read_ns = now_ns
        super().send(connection, data)


def _work(share: float, listener: socket.socket, stop: Stop) -> None:
    _Working(share, listener, stop).run()


def _later(delay_seconds: float, connection: socket.socket) -> None:
    """Delay each reply, and write down the actual delay, because a busy machine ends a sleep late."""
    with Path(os.environ[NOTES]).open("a", buffering=1) as notes:
        while data := connection.recv(65536):
            began_ns = time.perf_counter_ns()
            if delay_seconds:
                time.sleep(delay_seconds)
            delay_ns = time.perf_counter_ns() - began_ns
            connection.sendall(data.upper())
            if delay_seconds:
                notes.write(f"{delay_ns}\n")


def _stall_once(connection: socket.socket) -> None:
    stalls_at_ns: float = time.perf_counter_ns() + STALL_AFTER_NS
    while data := connection.recv(65536):
        if time.perf_counter_ns() >= stalls_at_ns:
            stalls_at_ns = float("inf")
            time.sleep(STALL_SECONDS)
        connection.sendall(data.upper())


cheap = functools.partial(_work, BURNT)
costly = functools.partial(_work, (1 + BURNT) * (1 + SHARE) - 1)
prompt = functools.partial(serve_with, functools.partial(_later, 0.0))
late = functools.partial(serve_with, functools.partial(_later, DELAY_SECONDS))
stalling = functools.partial(serve_with, _stall_once)


class _LongPath(PollLoop):
    """Executes two operations of CPython more for each request than its base class."""

    def send(self, connection: socket.socket, data: bytes) -> None:
        reply = data
        super().send(connection, reply)


class _ShortPath(PollLoop):
    def send(self, connection: socket.socket, data: bytes) -> None:
        super().send(connection, data)


def short_path(listener: socket.socket, stop: Stop) -> None:
    _ShortPath(listener, stop).run()


def same_path(listener: socket.socket, stop: Stop) -> None:
    _ShortPath(listener, stop).run()


def long_path(listener: socket.socket, stop: Stop) -> None:
    _LongPath(listener, stop).run()
