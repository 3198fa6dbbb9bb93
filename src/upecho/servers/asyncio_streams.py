"""Asyncio streams: one coroutine per connection, which reads, writes and waits for the writer to drain."""

import asyncio
import socket

from upecho.servers.shared.event_loop import Connections, LoopFactory, run, start_streams
from upecho.servers.shared.leaving import may_leave
from upecho.serving.contract import Stop

CALLS_READY = True


def serve(listener: socket.socket, stop: Stop, loop_factory: LoopFactory = asyncio.new_event_loop) -> None:
    """Serve each client in a task of its own until told to stop."""
    run(lambda: main(listener, stop), loop_factory)


async def main(listener: socket.socket, stop: Stop) -> None:
    """Start the server, wait for the stop, and end the connections that are still open."""
    connections = Connections(stop)
    handlers: set[asyncio.Task[None]] = set()  # the loop keeps only weak references to tasks

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Register the connection here and not in the handler: a stop in between would not wait for it.
        connections.opened(writer.transport)
        handler = asyncio.create_task(handle(reader, writer))
        handlers.add(handler)
        handler.add_done_callback(handlers.discard)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with may_leave():
                await answer(reader, writer, stop.receive_size)
            writer.close()
            with may_leave():
                await writer.wait_closed()
        finally:
            connections.closed(writer.transport)

    server = await start_streams(connected, listener, stop)
    await connections.serve_until_stopped(server)


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, receive_size: int) -> None:
    """Answer one client until it shuts down its side, or until the stop has closed ours."""
    while (data := await reader.read(receive_size)) and not writer.is_closing():
        writer.write(data.upper())
        await writer.drain()
