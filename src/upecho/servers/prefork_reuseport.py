"""Prefork with SO_REUSEPORT: each process has a listener of its own, and the kernel divides the connections by hash.

No connection wakes more than one process, and none can take more than its share while another is busy. But the share is
left to chance: with few connections it is uneven, and a connection stays in the queue of its process even if another
process is idle. The parent keeps every listener, so that the queue of a process that dies is left to its replacement.
"""

import socket
import sys

from upecho.servers import selectors
from upecho.servers.shared.worker_processes import serve_in_processes
from upecho.servers.shared.workers import default_count
from upecho.serving.contract import Stop
from upecho.serving.listener import listening_beside
from upecho.support.errors import Unavailable

if sys.platform != "linux":
    raise Unavailable("only Linux divides the connections between listeners", subject="prefork-reuseport")

CALLS_READY = True
FAMILIES = ("inet", "inet6")  # the kernel does not divide the connections to a Unix socket


def serve(listener: socket.socket, stop: Stop) -> None:
    """Serve clients in one process per processor, and at least two, until told to stop."""
    others = [listening_beside(listener, stop.settings) for _ in range(default_count() - 1)]
    serve_in_processes(selectors.serve, [listener, *others], stop)
