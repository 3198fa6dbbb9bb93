"""Asyncio streams: a coroutine per connection that reads, writes and waits for the writer to drain."""

import asyncio
import contextlib
import socket

from upecho.servers import CLIENT_GONE, Stop
from upecho.servers.shared.event_loop import Connections, LoopFactory, run


def serve(listener: socket.socket, stop: Stop, loop_factory: LoopFactory = asyncio.new_event_loop) -> None:
    """Serve each client in a task of its own until told to stop."""
    run(main(listener, stop), loop_factory)


async def main(listener: socket.socket, stop: Stop) -> None:
    """Start the server, wait for the stop, end what is still open."""
    connections = Connections(stop)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.opened(writer.transport)
        with contextlib.suppress(*CLIENT_GONE):
            await answer(reader, writer, stop.receive_size)
        writer.close()
        with contextlib.suppress(*CLIENT_GONE):
            await writer.wait_closed()
        connections.closed(writer.transport)

    server = await asyncio.start_server(handle, sock=listener, backlog=stop.backlog)
    await connections.serve_until_stopped(server)


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, receive_size: int) -> None:
    """Answer one client until its side of the connection ends."""
    while data := await reader.read(receive_size):
        writer.write(data.upper())
        await writer.drain()
