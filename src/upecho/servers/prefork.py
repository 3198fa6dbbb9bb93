"""Prefork: several processes accept from one listener; each of them runs the selectors loop."""

import socket

from upecho.servers import selectors
from upecho.servers.shared.worker_processes import serve_in_processes
from upecho.servers.shared.workers import default_count
from upecho.serving.contract import Stop

CALLS_READY = True


def serve(listener: socket.socket, stop: Stop, count: int = 0) -> None:
    """Serve clients in ``count`` processes, by default one per processor and at least two, until told to stop."""
    serve_in_processes(selectors.serve, [listener] * (count or default_count()), stop)
