"""Prefork: several processes accept from one listener; each of them runs the selectors loop.

The parent only watches: it replaces a worker that died, and passes the stop on. The workers wait for it on a pipe of
which only the parent holds the writing end, so they end also when the parent is killed.
"""

import dataclasses
import errno
import multiprocessing
import os
import signal
import socket
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess

from upecho.servers import selectors
from upecho.serving.contract import OUT_OF_RESOURCES, RETRY_SECONDS, Stop

WORKERS = max(2, os.cpu_count() or 1)


def serve(listener: socket.socket, stop: Stop, count: int = WORKERS) -> None:
    """Serve clients in several processes, by default one for each processor and at least two, until told to stop."""
    context = multiprocessing.get_context("fork")
    told = stop.fileno()
    parent_ended, parent_alive = context.Pipe(duplex=False)

    def work() -> None:
        # They are sent to one of us, or by Ctrl-C to all: the parent decides.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        parent_alive.close()
        selectors.serve(listener, dataclasses.replace(stop, signal=parent_ended))

    def start() -> list[BaseProcess]:
        worker = context.Process(target=work)
        try:
            worker.start()
        except OSError as error:
            if error.errno not in OUT_OF_RESOURCES | {errno.EAGAIN}:
                raise
            return []
        return [worker]

    def fill(workers: list[BaseProcess]) -> list[BaseProcess]:
        while len(workers) < count and (started := start()):
            workers += started
        return workers

    with listener, parent_alive:
        workers = fill([])
        while told not in wait(
            [told, *(worker.sentinel for worker in workers)], None if len(workers) == count else RETRY_SECONDS
        ):
            wait([told], RETRY_SECONDS)  # a worker that dies at once must not make the parent spin
            workers = fill([worker for worker in workers if worker.is_alive()])
    _end(workers, stop.grace + RETRY_SECONDS)


def _end(workers: list[BaseProcess], seconds: float) -> None:
    """Wait for workers, which know by now; one that does not answer is killed."""
    for worker in workers:
        worker.join(seconds)
        worker.kill()
        worker.join()
