"""Twenty clients reset their connections after they were served.

Usage: python resets-leak-descriptors.py [module:factory]
"""

import asyncio
import os
import pkgutil
import signal
import socket
import struct
import sys


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


def reset(address):
    with socket.create_connection(address, timeout=3) as client:
        client.sendall(b"x")
        client.recv(1)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # closing sends RST


async def main():
    server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", 0)
    await asyncio.to_thread(reset, server.sockets[0].getsockname())
    await asyncio.sleep(0.5)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        await asyncio.to_thread(reset, server.sockets[0].getsockname())
    await asyncio.sleep(2)
    return len(os.listdir("/proc/self/fd")) - before


signal.alarm(30)  # ends the process if the loop hangs
factory = pkgutil.resolve_name(sys.argv[1]) if sys.argv[1:] else asyncio.new_event_loop
with asyncio.Runner(loop_factory=factory) as runner:
    seen = runner.run(main())
print("expected: 0 descriptors stay open")
print(f"seen: {seen} descriptors stay open")
sys.exit(seen > 0)
