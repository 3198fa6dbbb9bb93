"""Asyncio sockets: plain non-blocking sockets, awaited through the loop's ``sock_*`` methods, without transports."""

import asyncio
import socket

from upecho.servers.shared.accepting import queued
from upecho.servers.shared.event_loop import LoopFactory, run, stopped
from upecho.servers.shared.leaving import may_leave
from upecho.servers.shared.stopping import end_reading
from upecho.serving.contract import GONE_BEFORE_ACCEPT, OUT_OF_RESOURCES, RETRY_SECONDS, Stop

CALLS_READY = True


def serve(listener: socket.socket, stop: Stop, loop_factory: LoopFactory = asyncio.new_event_loop) -> None:
    """Serve each client in a task of its own until told to stop."""
    run(lambda: main(listener, stop), loop_factory, "sock_accept", "sock_recv", "sock_sendall")


async def main(listener: socket.socket, stop: Stop) -> None:
    """Accept until told to stop, then end what is still open."""
    handlers: dict[asyncio.Task[None], socket.socket] = {}
    accepting = asyncio.create_task(accept(listener, handlers, stop.receive_size))
    stopping = asyncio.create_task(stopped(stop))
    await asyncio.sleep(0)  # a loop that cannot accept fails here
    if not accepting.done():
        stop.ready()
    await asyncio.wait([accepting, stopping], return_when=asyncio.FIRST_COMPLETED)
    if accepting.done():
        accepting.result()  # it ends only with an error, which is raised here
    accepting.cancel()
    await asyncio.wait([accepting])
    for connection in queued(listener, stop.backlog):
        start(connection, handlers, stop.receive_size)
    listener.close()
    for handler, connection in handlers.items():
        if not handler.done():
            end_reading(connection)
    if handlers:
        _, late = await asyncio.wait(handlers, timeout=stop.grace)
        for handler in late:
            handler.cancel()


async def accept(listener: socket.socket, handlers: dict[asyncio.Task[None], socket.socket], receive_size: int) -> None:
    """Start a handler for each new connection."""
    loop = asyncio.get_running_loop()
    listener.setblocking(False)
    while True:
        try:
            connection, _ = await loop.sock_accept(listener)
        except OSError as error:
            if error.errno in GONE_BEFORE_ACCEPT:
                continue
            if error.errno not in OUT_OF_RESOURCES:
                raise
            await asyncio.sleep(RETRY_SECONDS)
            continue
        start(connection, handlers, receive_size)


def start(connection: socket.socket, handlers: dict[asyncio.Task[None], socket.socket], receive_size: int) -> None:
    """Start a handler for a connection."""
    connection.setblocking(False)
    handler = asyncio.create_task(answer(connection, receive_size))
    handlers[handler] = connection
    handler.add_done_callback(handlers.pop)


async def answer(connection: socket.socket, receive_size: int) -> None:
    """Answer one client until its side of the connection ends."""
    loop = asyncio.get_running_loop()
    with connection, may_leave():
        while data := await loop.sock_recv(connection, receive_size):
            await loop.sock_sendall(connection, data.upper())
