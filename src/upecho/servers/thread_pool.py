"""Thread pool: a fixed number of threads, one connection each; further clients wait in the backlog."""

import contextlib
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

from upecho.servers.blocking import answer
from upecho.servers.shared.accepting import accepting
from upecho.servers.shared.connections import Connections
from upecho.serving.contract import Stop

MAX_CLIENTS = 128


def serve(listener: socket.socket, stop: Stop) -> None:
    """Serve each client in a thread of the pool until told to stop."""
    # The queue of the pool is unbounded, while the backlog is bounded. So a connection is accepted only if a thread is
    # free for it. The loop acquires after it has submitted, so the semaphore starts one below the number of threads.
    ahead = threading.Semaphore(MAX_CLIENTS - 1)

    def handle(connection: socket.socket) -> None:
        with connections.closing(connection):
            answer(connection, stop.receive_size)
        ahead.release()

    with ThreadPoolExecutor(MAX_CLIENTS) as pool, Connections(stop) as connections:
        for connection in accepting(listener, stop):
            connections.add(connection)
            with contextlib.suppress(RuntimeError):  # no thread can be started; the task waits for an existing one
                pool.submit(handle, connection)
            ahead.acquire()
