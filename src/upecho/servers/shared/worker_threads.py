"""Workers that are threads: starting them, waiting until they are ready, and ending them."""

import selectors
import socket
from concurrent.futures import ThreadPoolExecutor

from upecho.servers.shared.workers import Work, stop_of_worker
from upecho.serving.contract import Stop


def serve_in_threads(work: Work, listener: socket.socket, stop: Stop, count: int) -> None:
    """Serve in several threads until told to stop, or until one of them fails.

    Args:
        work: Serves clients; it is given a duplicate of the listener, which it closes.
        listener: Listener of the server.
        stop: Stop of the server.
        count: Number of threads.
    """
    ours, theirs = socket.socketpair()

    def run(duplicate: socket.socket) -> None:
        try:
            work(duplicate, stop_of_worker(stop, theirs))
        finally:
            theirs.shutdown(socket.SHUT_WR)  # after an error, the main thread must not wait for the stop

    with listener, ours, theirs, ThreadPoolExecutor(count) as pool:
        try:
            workers = [pool.submit(run, listener.dup()) for _ in range(count)]
            _wait_for_stop(ours, stop, count)
        finally:
            listener.close()
            ours.shutdown(socket.SHUT_WR)
    for worker in workers:
        worker.result()


def _wait_for_stop(ours: socket.socket, stop: Stop, count: int) -> None:
    """Wait until the server has to stop or a worker has failed; call ``stop.ready`` once all workers are ready."""
    with selectors.DefaultSelector() as selector:
        selector.register(ours, selectors.EVENT_READ)
        selector.register(stop, selectors.EVENT_READ)
        while all(key.fileobj is ours for key, _ in selector.select()):
            arrived = len(ours.recv(count))
            count -= arrived
            if not arrived:
                return
            if not count:
                stop.ready()
