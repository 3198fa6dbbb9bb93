"""Asyncio protocol: callbacks on a transport, without coroutines or streams in between."""

import asyncio
import socket

from upecho.servers.shared.event_loop import EchoProtocol, LoopFactory, serve_protocol
from upecho.serving.contract import Stop

CALLS_READY = True


def serve(listener: socket.socket, stop: Stop, loop_factory: LoopFactory = asyncio.new_event_loop) -> None:
    """Serve each client with a protocol object of its own until told to stop."""
    serve_protocol(Echo, listener, stop, loop_factory)


class Echo(EchoProtocol, asyncio.Protocol):
    """One client, whose bytes arrive as a new object each time, of a size that the loop chooses."""

    def data_received(self, data: bytes) -> None:
        """Answer what has arrived."""
        self.transport.write(data.upper())
