"""What the asyncio servers share: running a loop, waiting for the stop, ending what is still open."""

import asyncio
import socket
import sys
from collections.abc import Callable, Coroutine
from typing import Any, cast

from upecho.servers.shared.stopping import end_reading_descriptor
from upecho.serving.contract import Stop

LoopFactory = Callable[[], asyncio.AbstractEventLoop]

ONE_A_TURN = 0 if sys.version_info >= (3, 14) else 1  # from then on asyncio tries once more than it is told


def run(main: Coroutine[Any, Any, None], loop_factory: LoopFactory) -> None:
    """Run a server's main coroutine on a new loop."""
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.get_loop().set_exception_handler(_report)
        runner.run(main)


class Listener(socket.socket):
    """A socket that listens already, and goes on as it does when it is told to again."""

    def listen(self, backlog: int = 0) -> None:
        """Leave the backlog as it is."""


def accepting(listener: socket.socket, stop: Stop) -> dict[str, Any]:
    """Return what to tell ``create_server`` or ``start_server`` about a listener: ``sock`` and ``backlog``.

    asyncio takes the backlog also for how often it shall try to accept in one turn. Each try without a descriptor left
    fails and sets a timer of a second, to try as often again: with a thousand tries the timers become more and more,
    and so does their CPU time. Other loops take it for what it is.
    """
    if isinstance(asyncio.get_running_loop(), asyncio.SelectorEventLoop):
        return {"sock": Listener(fileno=listener.detach()), "backlog": ONE_A_TURN}
    return {"sock": listener, "backlog": stop.backlog}


async def stopped(stop: Stop) -> None:
    """Wait until the server shall end."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(stop.fileno(), told.set)
    try:
        await told.wait()
    finally:
        loop.remove_reader(stop.fileno())


class Connections:
    """The open transports, and their end when the server is told to stop."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self._open: set[asyncio.WriteTransport] = set()
        self._stopping = False
        self._none_open = asyncio.Event()

    def opened(self, transport: asyncio.WriteTransport) -> None:
        """Note a new connection."""
        self._open.add(transport)
        if self._stopping:
            _end_reading(transport)

    def closed(self, transport: asyncio.WriteTransport) -> None:
        """Forget a connection that has ended."""
        self._open.remove(transport)
        if not self._open:
            self._none_open.set()

    async def serve_until_stopped(self, server: asyncio.Server) -> None:
        """Let the server run; at the stop, end its listener and then its connections."""
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
    """One client, for the servers made of callbacks; how its bytes come in is left to the subclass.

    At end of file the transport sends what is left and closes by itself.
    """

    transport: asyncio.Transport

    def __init__(self, connections: Connections, receive_size: int) -> None:
        self._connections = connections
        self.receive_size = receive_size

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note the connection."""
        self.transport = cast(asyncio.Transport, transport)
        self._connections.opened(self.transport)

    def pause_writing(self) -> None:
        """Stop reading from a client that does not read."""
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        """Read again: the client has caught up."""
        self.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 (why it ended is the client's affair)
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
    """Report what asyncio reports, except that it ran out of descriptors: it pauses by itself.

    After the pause it accepts again without a look whether the server was closed meanwhile, and fails.
    """
    pause = (
        "socket.accept() out of system resource",
        "Exception in callback BaseSelectorEventLoop._start_serving(",
    )
    if not context.get("message", "").startswith(pause):
        loop.default_exception_handler(context)
