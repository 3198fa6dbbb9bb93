"""AnyIO on trio: the code of ``anyio_asyncio``, which runs unchanged on this back end.

What was awkward: AnyIO imports trio only when it runs, so a missing trio would be noticed late; it is imported here. As
with ``upecho.frameworks.trio``, trio sets the wake-up descriptor (``signal.set_wakeup_fd``), and leaves the handlers of
the stop signals alone.
"""

import socket

import anyio
import trio  # noqa: F401 (what the back end needs)

from upecho.frameworks.anyio_asyncio import main
from upecho.serving.contract import Stop

CALLS_READY = True


def serve(listener: socket.socket, stop: Stop) -> None:
    """Serve each client in a task of its own until told to stop."""
    anyio.run(main, listener, stop, backend="trio")
