"""Code that the asyncio servers share: running a loop, starting to listen, ending open connections after the stop.

Any event loop with the documented interface of asyncio may run them, so they use nothing else of it.
"""

import asyncio
import functools
import select
import socket
import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, cast

from upecho.net.address import Address
from upecho.servers.shared.loop_defects import expect_address, expect_methods, naming_missing_methods
from upecho.servers.shared.stopping import end_reading_descriptor
from upecho.serving.contract import Stop

LoopFactory = Callable[[], asyncio.AbstractEventLoop]

ONE_PER_TURN = 0 if sys.version_info >= (3, 14) else 1  # since 3.14, asyncio tries once more than the backlog says
# Turns of a loop between accept() and connection_made(); asyncio needs 3 (a task, the transport, a callback).
TURNS_TO_CONNECT = 5
IDLE_SECONDS = 0.05  # many turns of any loop, each of which reads what has arrived


def run(main: Callable[[], Coroutine[Any, Any, None]], loop_factory: LoopFactory, *methods: str) -> None:
    """Run a server's main coroutine on a new loop.

    Args:
        main: Returns the coroutine.
        loop_factory: Returns the loop.
        methods: Methods of the loop that the server calls for each connection.

    Raises:
        TargetError: The loop lacks a method.
    """
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        loop = runner.get_loop()
        with naming_missing_methods(loop):
            expect_methods(loop, "add_reader", "remove_reader", *methods)
            loop.set_exception_handler(_report)
            runner.run(main())


class Listener(socket.socket):
    """A listening socket that ignores a second call of ``listen``, which would change its backlog."""

    def listen(self, backlog: int = 0) -> None:
        """Leave the backlog as it is."""


async def start_streams(
    connected: Callable[[asyncio.StreamReader, asyncio.StreamWriter], None], listener: socket.socket, stop: Stop
) -> asyncio.Server:
    """Start a server that calls ``connected`` for each new connection.

    Raises:
        TargetError: The loop listens elsewhere.
    """
    return await _start(asyncio.start_server, asyncio.start_unix_server, connected, listener, stop)


async def _start(
    over_tcp: Callable[..., Awaitable[asyncio.Server]],
    over_unix: Callable[..., Awaitable[asyncio.Server]],
    handler: Callable[..., object],
    listener: socket.socket,
    stop: Stop,
) -> asyncio.Server:
    """Start a server with the function for the family of the listener, and announce that it is ready."""
    address = Address.of(listener)
    start = over_unix if address.family.is_unix else over_tcp
    server = await start(handler, **_accepting(listener, stop))
    expect_address(server, address)
    stop.ready()
    return server


def _accepting(listener: socket.socket, stop: Stop) -> dict[str, Any]:
    """Return the arguments ``sock`` and ``backlog`` for the functions that start a server.

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
        await _accept_queued(server, self._stop.backlog)
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


async def _accept_queued(server: asyncio.Server, backlog: int) -> None:
    """Let the loop accept the connections that wait in the queue of the listener, but no more than fit in it."""
    listeners = select.poll()
    for listener in getattr(server, "sockets", None) or ():
        listeners.register(listener.fileno(), select.POLLIN)
    for _ in range(backlog + 1):
        if not listeners.poll(0):
            break
        await asyncio.sleep(0)
    for _ in range(TURNS_TO_CONNECT):
        await asyncio.sleep(0)


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
        loop = asyncio.get_running_loop()

        def connected() -> EchoProtocol:
            return protocol(connections, stop.receive_size)

        server = await _start(loop.create_server, loop.create_unix_server, connected, listener, stop)
        await connections.serve_until_stopped(server)

    run(main, loop_factory)


def _end_reading(transport: asyncio.WriteTransport) -> None:
    """Let a transport read what has arrived and then see end of file, unless it already closes."""
    if transport.is_closing():
        return
    connection = transport.get_extra_info("socket")  # a loop need not reveal it
    if connection is None:
        _close_when_idle(cast(asyncio.Transport, transport))
    else:
        end_reading_descriptor(connection.fileno())


def _close_when_idle(transport: asyncio.Transport, *, was_idle: bool = False) -> None:
    """Close a transport whose socket is not revealed, once it has had the time to read what has arrived.

    The transport is idle if it is not paused and everything is sent. While it is idle from one look to the next, the
    loop has read all that had arrived, and the handler has answered it.
    """
    if transport.is_closing():
        return
    is_idle = transport.is_reading() and not transport.get_write_buffer_size()
    if is_idle and was_idle:
        transport.close()
        return
    asyncio.get_running_loop().call_later(
        IDLE_SECONDS, functools.partial(_close_when_idle, transport, was_idle=is_idle)
    )


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
