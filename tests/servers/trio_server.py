"""A server in trio, written as an author of trio would write it: what the contract has to leave free for it."""

import contextlib
import socket

import trio

from upecho.serving.contract import GONE_BEFORE_ACCEPT, OUT_OF_RESOURCES, RETRY_SECONDS, Stop


def serve(listener: socket.socket, stop: Stop) -> None:
    """Serve each client in a task of its own until told to stop."""
    trio.run(main, listener, stop)


async def main(listener: socket.socket, stop: Stop) -> None:
    """Accept until told to stop, then end what is still open."""
    connections: set[trio.socket.SocketType] = set()
    async with trio.open_nursery() as nursery:
        with trio.CancelScope() as accepting:
            nursery.start_soon(cancel_at_stop, stop, accepting)
            with listener:
                await accept(trio.socket.from_stdlib_socket(listener), connections, nursery, stop.receive_size)
        for connection in connections:
            end_reading(connection)
        nursery.cancel_scope.deadline = trio.current_time() + stop.grace


async def cancel_at_stop(stop: Stop, scope: trio.CancelScope) -> None:
    """Cancel a scope when the server has to stop."""
    await trio.lowlevel.wait_readable(stop.fileno())
    scope.cancel()


async def accept(
    listener: trio.socket.SocketType, connections: set[trio.socket.SocketType], nursery: trio.Nursery, receive_size: int
) -> None:
    """Start a handler for each new connection."""
    while True:
        try:
            connection, _ = await listener.accept()
        except OSError as error:
            if error.errno in OUT_OF_RESOURCES:
                await trio.sleep(RETRY_SECONDS)
            elif error.errno not in GONE_BEFORE_ACCEPT:
                raise
            continue
        connections.add(connection)
        nursery.start_soon(answer, connection, connections, receive_size)


async def answer(
    connection: trio.socket.SocketType, connections: set[trio.socket.SocketType], receive_size: int
) -> None:
    """Answer one client until its side of the connection ends."""
    stream = trio.SocketStream(connection)
    with contextlib.suppress(trio.BrokenResourceError):  # the client has left
        async with stream:
            while data := await stream.receive_some(receive_size):
                await stream.send_all(data.upper())
    connections.discard(connection)


def end_reading(connection: trio.socket.SocketType) -> None:
    """Let the handler read what has arrived and then see end of file."""
    with contextlib.suppress(OSError):  # the client has left
        connection.shutdown(socket.SHUT_RD)
