"""Tornado: coroutines read from and write to an ``IOStream``, on the event loop of asyncio or on another one.

What was awkward:

- ``TCPServer`` and ``add_accept_handler`` need a listener in non-blocking mode, or they block the process after the
  first client. When no descriptor is left, they log a traceback and try again at once, until one is free
  (reports/findings/tornado-fd-exhaustion.md). So the listener is registered with ``IOLoop.add_handler``, as the
  documentation of ``IOLoop`` shows.
- An ``IOStream`` closes itself when it sees end of file, even if it still has something to send, and it may read while
  it sends, to notice clients that have left (reports/findings/tornado-half-close.md). So ``Stream`` reads nothing
  unless the handler waits for it.

Tornado installs no signal handlers, and the server waits for the stop with asyncio, on which Tornado runs.
"""

import asyncio
import contextlib
import socket
from typing import Any

from tornado.ioloop import IOLoop
from tornado.iostream import IOStream, StreamClosedError

from upecho.servers.shared import event_loop
from upecho.servers.shared.accepting import queued
from upecho.servers.shared.stopping import end_reading
from upecho.serving.contract import RETRY_SECONDS, Stop

CALLS_READY = True


def serve(listener: socket.socket, stop: Stop, loop_factory: event_loop.LoopFactory = asyncio.new_event_loop) -> None:
    """Serve each client in a coroutine of its own until told to stop."""
    event_loop.run(lambda: main(listener, stop), loop_factory)


class Stream(IOStream):  # type: ignore[misc]
    """A stream that reads only for a handler that waits, so that it does not close while a reply is being sent."""

    def read_from_fd(self, buf: Any) -> int | None:
        """Receive into a buffer; return None if there is nothing to receive now."""
        received: int | None = super().read_from_fd(buf) if self.reading() else None
        return received


async def main(listener: socket.socket, stop: Stop) -> None:
    """Accept until told to stop, then end what is still open."""
    loop = IOLoop.current()
    handlers: dict[asyncio.Task[None], IOStream] = {}

    def start(connection: socket.socket) -> None:
        stream = Stream(connection)
        handler = asyncio.create_task(answer(stream, stop.receive_size))
        handlers[handler] = stream
        handler.add_done_callback(handlers.pop)

    def accept(descriptor: int, _events: int) -> None:
        accepted = list(queued(listener, 0))
        for connection in accepted:
            start(connection)
        if not accepted:  # no descriptor is left
            loop.remove_handler(descriptor)
            loop.call_later(RETRY_SECONDS, listen)

    def listen() -> None:
        if listener.fileno() >= 0:
            loop.add_handler(listener.fileno(), accept, IOLoop.READ)

    with listener:
        listener.setblocking(False)
        listen()
        stop.ready()
        await event_loop.stopped(stop)
        loop.remove_handler(listener.fileno())
        for connection in queued(listener, stop.backlog):
            start(connection)
    await end(handlers, stop.grace)


async def end(handlers: dict[asyncio.Task[None], IOStream], seconds: float) -> None:
    """Let each handler answer what has arrived, and cancel those that have not ended after that time."""
    for stream in handlers.values():
        if not stream.closed():
            end_reading(stream.socket)
    if handlers:
        _, late = await asyncio.wait(handlers, timeout=seconds)
        for handler in late:
            handler.cancel()


async def answer(stream: IOStream, receive_size: int) -> None:
    """Answer one client until its side of the connection ends."""
    with contextlib.closing(stream), contextlib.suppress(StreamClosedError):  # the client has ended, or has left
        while True:
            data = await stream.read_bytes(receive_size, partial=True)
            await stream.write(data.upper())
