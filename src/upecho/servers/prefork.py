"""Prefork: several processes accept from one listener; each of them runs the selectors loop.

The parent only supervises: it replaces a worker that has died, and passes the stop on. Workers wait for the stop on a
pipe whose writing end only the parent holds, so they also end when the parent is killed.

A worker inherits the signal handlers of the parent and the socket to which they write. Stop signals are blocked until
the worker ignores them; otherwise one that reaches a new worker would stop the parent.
"""

import errno
import multiprocessing
import os
import signal
import socket
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess

from upecho.servers import selectors
from upecho.serving.contract import OUT_OF_RESOURCES, RETRY_SECONDS, Stop
from upecho.serving.stop_signals import STOP_SIGNALS

WORKERS = max(2, os.cpu_count() or 1)


def serve(listener: socket.socket, stop: Stop, count: int = WORKERS) -> None:
    """Serve clients in ``count`` processes, by default one per processor and at least two, until told to stop."""
    context = multiprocessing.get_context("fork")
    stop_descriptor = stop.fileno()
    parent_ended, parent_alive = context.Pipe(duplex=False)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [])

    def work() -> None:
        # Ctrl-C reaches every process of the group; only the parent decides when to stop.
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        parent_alive.close()
        selectors.serve(listener, stop._replace(signal=parent_ended))

    def fill(workers: list[BaseProcess]) -> list[BaseProcess]:
        while len(workers) < count and _starts(worker := context.Process(target=work)):
            workers.append(worker)
        return workers

    with listener, parent_alive:
        workers = fill([])
        while stop_descriptor not in wait(
            [stop_descriptor, *(worker.sentinel for worker in workers)],
            None if len(workers) == count else RETRY_SECONDS,
        ):
            wait([stop_descriptor], RETRY_SECONDS)  # a worker that dies at once must not make the parent spin
            workers = fill([worker for worker in workers if worker.is_alive()])
    _end(workers, stop.grace + RETRY_SECONDS)


def _starts(worker: BaseProcess) -> bool:
    """Start a worker with the stop signals blocked; return whether the system had the resources for it."""
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        worker.start()
    except OSError as error:
        if error.errno not in OUT_OF_RESOURCES | {errno.EAGAIN}:
            raise
        return False
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    return True


def _end(workers: list[BaseProcess], seconds: float) -> None:
    """Wait for the workers, which have been told to stop; kill those that do not end in time."""
    for worker in workers:
        worker.join(seconds)
        worker.kill()
        worker.join()
