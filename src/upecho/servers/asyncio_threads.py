"""Asyncio in threads: an event loop per thread, all of which accept from one listener; each serves asyncio streams.

A task never leaves its loop, so the threads share nothing but the listener. This is how asyncio uses several processors
in a free-threaded Python. With a GIL, the loops take turns, and cost more than one.
"""

import asyncio
import functools
import socket

from upecho.servers import asyncio_streams
from upecho.servers.shared.event_loop import LoopFactory
from upecho.servers.shared.worker_threads import serve_in_threads
from upecho.servers.shared.workers import default_count
from upecho.serving.contract import Stop

CALLS_READY = True


def serve(listener: socket.socket, stop: Stop, loop_factory: LoopFactory = asyncio.new_event_loop) -> None:
    """Serve clients in one thread per processor, and at least two, until told to stop."""
    work = functools.partial(asyncio_streams.serve, loop_factory=loop_factory)
    serve_in_threads(work, listener, stop, default_count())
