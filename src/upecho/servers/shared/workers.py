"""What servers with several workers share: how many there are, when all are ready, and how they are told to stop.

Theory of operation
    The main thread and its workers hold the two ends of one socket pair. Workers wait for the stop on their end, which
    reaches end of file when the main thread shuts its end down, or when its process is killed. In the other direction,
    each worker sends one byte when clients can connect to it. A worker is given nothing but the descriptor of its end,
    so that it may run in another process, or in another interpreter, which cannot use the objects of this one.
"""

import os
import socket
from collections.abc import Callable
from contextlib import suppress

from upecho.serving.contract import Stop

Work = Callable[[socket.socket, Stop], None]


def default_count() -> int:
    """Return one worker per processor that this process may use, and at least two."""
    usable = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    return max(2, len(usable))


class WorkerEnd:
    """The workers' end of the socket pair, which is readable when they have to stop.

    Args:
        descriptor: Descriptor of the socket.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._descriptor

    def ready(self) -> None:
        """Tell the main thread that one more worker is ready, unless it has told the workers to stop already."""
        with suppress(BrokenPipeError):
            os.write(self._descriptor, b".")


def stop_of_worker(stop: Stop, theirs: socket.socket) -> Stop:
    """Return what a worker is given instead of the stop of the server.

    Args:
        stop: Stop of the server.
        theirs: The workers' end of the socket pair.
    """
    end = WorkerEnd(theirs.fileno())
    return stop._replace(signal=end, ready=end.ready)
