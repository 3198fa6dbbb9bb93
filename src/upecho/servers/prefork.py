"""Prefork: several processes accept from one listener; each of them runs the selectors loop.

The parent only watches: it replaces a worker that died, and passes the stop on. The workers wait for it on a pipe of
which only the parent holds the writing end, so they end also when the parent is killed.
"""

import dataclasses
import multiprocessing
import os
import signal
import socket
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess

from upecho.servers import RETRY_SECONDS, Stop, selectors

WORKERS = max(2, os.cpu_count() or 1)


def serve(listener: socket.socket, stop: Stop) -> None:
    """Serve clients in as many processes as there are processors, and at least two, until told to stop."""
    context = multiprocessing.get_context("fork")
    told = stop.fileno()
    parent_ended, parent_alive = context.Pipe(duplex=False)

    def work() -> None:
        # They are sent to one of us, or by Ctrl-C to all: the parent decides.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        parent_alive.close()
        selectors.serve(listener, dataclasses.replace(stop, signal=parent_ended))

    def start() -> BaseProcess:
        worker = context.Process(target=work)
        worker.start()
        return worker

    with listener, parent_alive:
        workers = [start() for _ in range(WORKERS)]
        while told not in wait([told, *(worker.sentinel for worker in workers)]):
            workers = [worker for worker in workers if worker.is_alive()]
            wait([told], RETRY_SECONDS)  # a worker that dies at once must not make the parent spin
            workers += [start() for _ in range(WORKERS - len(workers))]
    for worker in workers:
        worker.join()
