"""Twenty clients send until an echo server that pauses reading takes no more, and close without reading.

Usage: python stalled-clients-leak-descriptors.py [module:factory]
"""

import asyncio
import contextlib
import os
import pkgutil
import signal
import socket
import sys


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)

    def pause_writing(self):
        self.transport.pause_reading()

    def resume_writing(self):
        self.transport.resume_reading()


def stall(address):
    with contextlib.suppress(TimeoutError), socket.create_connection(address, timeout=0.3) as client:
        while True:
            client.send(bytes(65536))


async def main():
    server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", 0)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        await asyncio.to_thread(stall, server.sockets[0].getsockname())
    await asyncio.sleep(2)
    print("expected: 0 descriptors stay open")
    seen = len(os.listdir("/proc/self/fd")) - before
    print(f"seen: {seen} descriptors stay open", flush=True)
    os._exit(seen > 0)


signal.alarm(30)  # ends the process if the loop hangs
factory = pkgutil.resolve_name(sys.argv[1]) if sys.argv[1:] else asyncio.new_event_loop
with asyncio.Runner(loop_factory=factory) as runner:
    runner.run(main())
