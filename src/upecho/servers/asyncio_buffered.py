"""Asyncio buffered protocol: the loop receives into a buffer that each connection allocates once."""

import asyncio
import socket

from upecho.servers.shared.event_loop import Connections, EchoProtocol, LoopFactory, serve_protocol
from upecho.serving.contract import Stop

CALLS_READY = True


def serve(listener: socket.socket, stop: Stop, loop_factory: LoopFactory = asyncio.new_event_loop) -> None:
    """Serve each client with a protocol object of its own until told to stop."""
    serve_protocol(Echo, listener, stop, loop_factory)


class Echo(EchoProtocol, asyncio.BufferedProtocol):
    """One client, whose bytes always arrive in the same buffer."""

    def __init__(self, connections: Connections, receive_size: int) -> None:
        super().__init__(connections, receive_size)
        self._buffer = bytearray(receive_size)

    def get_buffer(self, sizehint: int) -> bytearray:  # noqa: ARG002 (one buffer serves every size)
        """Return the buffer to receive into; its contents have been answered, so they may be overwritten."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Answer what has arrived with a copy, which the transport may keep while the buffer fills again."""
        self.transport.write(self._buffer[:nbytes].upper())
