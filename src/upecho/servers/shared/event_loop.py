"""Code that the asyncio servers share: running a loop, waiting for the stop, ending open connections."""

import asyncio
import socket
import sys
from collections.abc import Callable, Coroutine
from typing import Any, cast

from upecho.servers.shared.stopping import end_reading_descriptor
from upecho.serving.contract import Stop

LoopFactory = Callable[[], asyncio.AbstractEventLoop]

ONE_PER_TURN = 0 if sys.version_info >= (3, 14) else 1  # since 3.14, asyncio tries once more than the backlog says


def run(main: Coroutine[Any, Any, None], loop_factory: LoopFactory) -> None:
    """Run a server's main coroutine on a new loop."""
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.get_loop().set_exception_handler(_report)
        runner.run(main)


class Listener(socket.socket):
    """A listening socket that ignores a second call of ``listen``, which would change its backlog."""

    def listen(self, backlog: int = 0) -> None:
        """Leave the backlog as it is."""


def accepting(listener: socket.socket, stop: Stop) -> dict[str, Any]:
    """Return the arguments ``sock`` and ``backlog`` for ``create_server`` or ``start_server``.

    asyncio also uses the backlog as the number of attempts to accept in one turn of its loop. When no descriptor is
    left, each attempt fails and sets a timer of one second, which makes as many attempts again; with a thousand
    attempts, the number of timers and their CPU time grow without bound. Other loops use it only as the backlog.
    """
    if isinstance(asyncio.get_running_loop(), asyncio.SelectorEventLoop):
        return {"sock": Listener(fileno=listener.detach()), "backlog": ONE_PER_TURN}
    return {"sock": listener, "backlog": stop.backlog}


async def stopped(stop: Stop) -> None:
    """Wait until the server has to stop."""
    readable = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(stop.fileno(), readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(stop.fileno())


class Connections:
    """The open transports, and how the stop ends them."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self._open: set[asyncio.WriteTransport] = set()
        self._stopping = False
        self._none_open = asyncio.Event()

    def opened(self, transport: asyncio.WriteTransport) -> None:
        """Register a new connection."""
        self._open.add(transport)
        if self._stopping:
            _end_reading(transport)

    def closed(self, transport: asyncio.WriteTransport) -> None:
        """Forget a connection that has ended."""
        self._open.remove(transport)
        if not self._open:
            self._none_open.set()

    async def serve_until_stopped(self, server: asyncio.Server) -> None:
        """Wait for the stop, then close the listener and end the connections."""
        await stopped(self._stop)
        server.close()
        self._stopping = True
        for transport in self._open:
            _end_reading(transport)
        try:
            async with asyncio.timeout(self._stop.grace):
                await self._all_closed()
        except TimeoutError:
            for transport in self._open:
                transport.abort()
            await self._all_closed()

    async def _all_closed(self) -> None:
        while self._open:
            self._none_open.clear()
            await self._none_open.wait()


class EchoProtocol(asyncio.BaseProtocol):
    """One client of a server that consists of callbacks; a subclass decides how bytes arrive.

    At end of file, the transport sends the rest of the reply and closes the connection by itself.
    """

    transport: asyncio.Transport

    def __init__(self, connections: Connections, receive_size: int) -> None:
        self._connections = connections
        self.receive_size = receive_size

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Register the connection."""
        self.transport = cast(asyncio.Transport, transport)
        self._connections.opened(self.transport)

    def pause_writing(self) -> None:
        """Stop reading from a client that does not read its replies."""
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        """Resume reading: the client has caught up."""
        self.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 (any way to end is normal)
        """Forget the connection."""
        self._connections.closed(self.transport)


def serve_protocol(
    protocol: type[EchoProtocol], listener: socket.socket, stop: Stop, loop_factory: LoopFactory
) -> None:
    """Serve each client with a protocol object of its own until told to stop."""

    async def main() -> None:
        connections = Connections(stop)
        server = await asyncio.get_running_loop().create_server(
            lambda: protocol(connections, stop.receive_size), **accepting(listener, stop)
        )
        await connections.serve_until_stopped(server)

    run(main(), loop_factory)


def _end_reading(transport: asyncio.WriteTransport) -> None:
    if not transport.is_closing():
        end_reading_descriptor(transport.get_extra_info("socket").fileno())


def _report(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Report what asyncio reports, except the lack of descriptors, after which it pauses by itself.

    After the pause it accepts again without testing whether the server has been closed meanwhile, which fails.
    """
    expected = (
        "socket.accept() out of system resource",
        "Exception in callback BaseSelectorEventLoop._start_serving(",
    )
    if not context.get("message", "").startswith(expected):
        loop.default_exception_handler(context)
