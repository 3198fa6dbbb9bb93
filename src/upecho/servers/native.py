"""Native: a readiness loop in C that does the least an echo server can do. It is the baseline of comparisons."""

import socket

from upecho.serving.contract import Stop
from upecho.support import extension

_native = extension.require("native")


def serve(listener: socket.socket, stop: Stop) -> None:
    """Serve all clients in one thread until told to stop."""
    _native.serve(listener.detach(), stop.fileno(), int(stop.grace * 1e9), stop.receive_size)
