"""Interpreters: several interpreters in one process, each with a GIL of its own; each runs the selectors loop.

Objects cannot be shared between interpreters, but descriptors can: all of them accept from one listener.
"""

import contextlib
import importlib
import socket
import sys

from upecho.servers import selectors
from upecho.servers.shared.worker_threads import serve_in_threads
from upecho.servers.shared.workers import default_count
from upecho.serving.contract import Stop

CALLS_READY = True


def serve(listener: socket.socket, stop: Stop) -> None:
    """Serve clients in one interpreter per processor, and at least two, until told to stop."""
    serve_in_threads(serve_in_interpreter, listener, stop, default_count())


def serve_in_interpreter(listener: socket.socket, stop: Stop) -> None:
    """Run the selectors loop in a new interpreter, in this thread."""
    interpreters = importlib.import_module("concurrent.interpreters")  # new in Python 3.14
    with listener, contextlib.closing(interpreters.create()) as interpreter:
        interpreter.exec(f"import sys; sys.path[:] = {sys.path!r}")
        interpreter.call(serve_descriptor, listener.detach(), stop)


def serve_descriptor(listener: int, stop: Stop) -> None:
    """Serve with a listener of which the descriptor is known."""
    selectors.serve(socket.socket(fileno=listener), stop)
