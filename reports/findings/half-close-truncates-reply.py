"""A client sends a request, half-closes its connection, and only then reads a reply that fills all buffers.

Usage: python half-close-truncates-reply.py [module:factory]
"""

import asyncio
import pkgutil
import signal
import socket
import sys
import time

SIZE = 16_000_000  # bytes; more than the buffers of a TCP connection hold


class Reply(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(bytes(SIZE))


def talk(address):
    with socket.create_connection(address, timeout=5) as client:
        client.sendall(b"x")
        client.shutdown(socket.SHUT_WR)
        time.sleep(1)  # the server fills the buffers
        return sum(iter(lambda: len(client.recv(1_000_000)), 0))


async def main():
    server = await asyncio.get_running_loop().create_server(Reply, "127.0.0.1", 0)
    return await asyncio.to_thread(talk, server.sockets[0].getsockname())


signal.alarm(30)  # ends the process if the loop hangs
factory = pkgutil.resolve_name(sys.argv[1]) if sys.argv[1:] else asyncio.new_event_loop
with asyncio.Runner(loop_factory=factory) as runner:
    seen = runner.run(main())
print(f"expected: {SIZE} bytes, then the end of the stream")
print(f"seen: {seen} bytes, then the end of the stream")
sys.exit(seen != SIZE)
