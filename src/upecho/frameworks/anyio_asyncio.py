"""AnyIO on asyncio, or on another loop: ``serve`` of a listener starts a task for each connection in a task group.

What was awkward:

- If ``serve`` is cancelled, a connection that it is just accepting may be lost. Closing the listener avoids that loss,
  but discards the connections in the queue. So AnyIO gets a duplicate of the listener.
- ``serve`` ends when no descriptor is left, and has to be called again. Depending on the back end and on the address
  family, the error is an ``OSError``, or a ``BrokenResourceError`` that was caused by one.
- A connection that is just being accepted at the stop gets its handler afterwards, so the handler checks whether the
  server has been stopped.
- Over Unix sockets on uvloop, with AnyIO 4.16, callbacks of the loop fail with ``InvalidStateError`` once more than
  1024 descriptors are ready
  (reports/findings/anyio-uvloop-unix.md).

AnyIO makes the listener non-blocking, installs no signal handlers, and can wait for the descriptor of the ``stop``
object.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Any

import anyio
from anyio.abc import SocketAttribute, SocketListener, SocketStream, TaskGroup

from upecho.servers.shared.accepting import queued
from upecho.servers.shared.event_loop import LoopFactory
from upecho.servers.shared.stopping import end_reading_descriptor
from upecho.serving.contract import GONE_BEFORE_ACCEPT, OUT_OF_RESOURCES, RETRY_SECONDS, Stop

CALLS_READY = True


def serve(listener: socket.socket, stop: Stop, loop_factory: LoopFactory = asyncio.new_event_loop) -> None:
    """Serve each client in a task of its own until told to stop."""
    anyio.run(main, listener, stop, backend="asyncio", backend_options={"loop_factory": loop_factory})


async def main(listener: socket.socket, stop: Stop) -> None:
    """Accept until told to stop, then end what is still open."""
    streams: set[SocketStream] = set()
    stopping = anyio.Event()

    async def handle(stream: SocketStream) -> None:
        streams.add(stream)
        if stopping.is_set():
            end_reading(stream)
        try:
            await answer(stream, stop.receive_size)
        finally:
            streams.remove(stream)

    async with anyio.create_task_group() as handlers:
        with listener:
            duplicate = await SocketListener.from_socket(listener.dup())
            handlers.start_soon(accept, duplicate, handle, handlers)
            stop.ready()
            await anyio.wait_readable(stop.fileno())
            await duplicate.aclose()
            for connection in queued(listener, stop.backlog):
                with contextlib.suppress(ValueError):  # the client has left
                    handlers.start_soon(handle, await SocketStream.from_socket(connection))
        stopping.set()
        for stream in streams:
            end_reading(stream)
        handlers.cancel_scope.deadline = anyio.current_time() + stop.grace


async def accept(listener: SocketListener, handle: Callable[[SocketStream], Any], handlers: TaskGroup) -> None:
    """Start a handler for each new connection until the listener is closed."""
    while True:
        try:
            await listener.serve(handle, handlers)
        except anyio.ClosedResourceError:
            return
        except (OSError, anyio.BrokenResourceError) as error:
            number = getattr(error.__cause__ or error, "errno", None)
            if number in OUT_OF_RESOURCES:
                await anyio.sleep(RETRY_SECONDS)
            elif number not in GONE_BEFORE_ACCEPT:
                raise


async def answer(stream: SocketStream, receive_size: int) -> None:
    """Answer one client until its side of the connection ends."""
    with contextlib.suppress(anyio.EndOfStream, anyio.BrokenResourceError):  # the client has ended, or has left
        async with stream:
            while True:
                data = await stream.receive(receive_size)
                await stream.send(data.upper())


def end_reading(stream: SocketStream) -> None:
    """Let the handler read what has arrived and then see end of file."""
    end_reading_descriptor(stream.extra(SocketAttribute.raw_socket).fileno())  # noqa: S610 (not Django's)
