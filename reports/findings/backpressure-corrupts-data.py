"""A protocol writes 200 blocks of 60 000 bytes, each of another byte value; the client starts to read a second later.

Usage: python backpressure-corrupts-data.py [module:factory]
"""

import asyncio
import contextlib
import os
import pkgutil
import signal
import socket
import sys
import time

BLOCKS = [bytes([number]) * 60_000 for number in range(200)]


class Write(asyncio.Protocol):
    def connection_made(self, transport):
        for block in BLOCKS:
            transport.write(block)


def read(address):
    received = b""
    with socket.create_connection(address, timeout=3) as client, contextlib.suppress(TimeoutError):
        time.sleep(1)  # the server fills the buffers
        while len(received) < sum(map(len, BLOCKS)) and (data := client.recv(1_000_000)):
            received += data
    return received


async def main():
    server = await asyncio.get_running_loop().create_server(Write, "127.0.0.1", 0)
    return await asyncio.to_thread(read, server.sockets[0].getsockname())


signal.alarm(30)  # ends the process if the loop hangs
factory = pkgutil.resolve_name(sys.argv[1]) if sys.argv[1:] else asyncio.new_event_loop
with asyncio.Runner(loop_factory=factory) as runner:
    received = runner.run(main())
sent = b"".join(BLOCKS)
intact = len(os.path.commonprefix([sent, received]))
print(f"expected: {len(sent)} bytes, of which the first {len(sent)} are right")
print(f"seen: {len(received)} bytes, of which the first {intact} are right")
sys.exit(received != sent)
