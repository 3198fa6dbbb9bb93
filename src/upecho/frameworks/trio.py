"""Trio: ``serve_listeners`` starts a task for each connection, and a nursery ends them.

What was awkward:

- ``serve_listeners`` closes its listeners when it is cancelled, before the connections in the queue could be accepted.
  So it gets a duplicate, and the listener itself is closed after its queue has been accepted.
- When no descriptor is left, it logs each failed attempt to accept, with a traceback, and tries again after 100 ms. The
  log would go to stderr, so its logger is disabled.
- ``trio.run`` sets the wake-up descriptor (``signal.set_wakeup_fd``), and warns if another one was set.
- Only ``trio.lowlevel`` can wait for a descriptor such as the ``stop`` object.

``trio.run`` leaves the handlers of the stop signals as they are. The blocking mode of the listener does not matter,
because trio makes each socket that it wraps non-blocking.
"""

import contextlib
import functools
import logging
import socket

import trio

from upecho.servers.shared.accepting import queued
from upecho.servers.shared.stopping import end_reading_descriptor
from upecho.serving.contract import Stop

CALLS_READY = True


def serve(listener: socket.socket, stop: Stop) -> None:
    """Serve each client in a task of its own until told to stop."""
    logging.getLogger("trio.serve_listeners").disabled = True
    trio.run(main, listener, stop)


async def main(listener: socket.socket, stop: Stop) -> None:
    """Accept until told to stop, then end what is still open."""
    connections: set[trio.SocketStream] = set()
    handle = functools.partial(answer, connections=connections, receive_size=stop.receive_size)
    async with trio.open_nursery() as handlers:
        with listener:
            async with trio.open_nursery() as accepting:
                duplicate = trio.SocketListener(trio.socket.from_stdlib_socket(listener.dup()))
                await accepting.start(
                    functools.partial(trio.serve_listeners, handle, [duplicate], handler_nursery=handlers)
                )
                stop.ready()
                await trio.lowlevel.wait_readable(stop.fileno())
                accepting.cancel_scope.cancel()
            for connection in queued(listener, stop.backlog):
                handlers.start_soon(handle, trio.SocketStream(trio.socket.from_stdlib_socket(connection)))
        await trio.lowlevel.checkpoint()  # each handler has registered its connection after one step
        for stream in connections:
            end_reading_descriptor(stream.socket.fileno())
        handlers.cancel_scope.deadline = trio.current_time() + stop.grace


async def answer(stream: trio.SocketStream, connections: set[trio.SocketStream], receive_size: int) -> None:
    """Answer one client until its side of the connection ends."""
    connections.add(stream)
    try:
        with contextlib.suppress(trio.BrokenResourceError):  # the client has left
            async with stream:
                while data := await stream.receive_some(receive_size):
                    await stream.send_all(data.upper())
    finally:
        connections.remove(stream)
