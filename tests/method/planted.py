"""Servers that cost, or take, exactly so much more than others as is planted in them."""

import functools
import hashlib
import os
import socket
import time
from pathlib import Path

from tests.broken.poll_loop import PollLoop
from tests.broken.threads import serve_with
from upecho.serving.contract import Stop

SHARE = 0.05  # of its own CPU time, which the dearer one burns besides
WORK = bytes(1 << 17)  # hashing that takes 0.1 ms, beside which it does not matter how many requests a turn finds

DELAY_SECONDS = 0.005
NOTES = "DELAYS"  # the variable that names the file in which delays are noted, in nanoseconds

STALL_SECONDS = 0.3
STALL_AFTER_NS = 300_000_000  # counted from the beginning of a connection


class _Working(PollLoop):
    """Has work to do for each request, and burns a share of all its CPU time besides; without one, it does the rest."""

    def __init__(self, share: float, listener: socket.socket, stop: Stop) -> None:
        super().__init__(listener, stop)
        self._share = share
        self._owed_ns = 0.0
        self._read_ns = time.thread_time_ns()

    def send(self, connection: socket.socket, data: bytes) -> None:
        hashlib.sha256(WORK).digest()
        now_ns = began_ns = time.thread_time_ns()
        self._owed_ns += self._share * (now_ns - self._read_ns)
        while now_ns - began_ns < self._owed_ns:
            now_ns = time.thread_time_ns()
        self._owed_ns -= now_ns - began_ns
        self._read_ns = now_ns
        super().send(connection, data)


def _work(share: float, listener: socket.socket, stop: Stop) -> None:
    _Working(share, listener, stop).run()


def _later(delay_seconds: float, connection: socket.socket) -> None:
    """Answer later, and note down how much later it was: a sleep ends after its time, the more so the busier it is."""
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


cheap = functools.partial(_work, 0.0)
dear = functools.partial(_work, SHARE)
prompt = functools.partial(serve_with, functools.partial(_later, 0.0))
late = functools.partial(serve_with, functools.partial(_later, DELAY_SECONDS))
stalling = functools.partial(serve_with, _stall_once)
