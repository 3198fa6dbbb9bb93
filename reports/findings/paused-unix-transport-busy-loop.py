"""A transport over a Unix socket has paused reading, and has data for a client that half-closes and does not read.

Usage: python paused-unix-transport-busy-loop.py [module:factory]
"""

import asyncio
import os
import pkgutil
import signal
import socket
import sys
import tempfile
import time


class Stalled(asyncio.Protocol):
    def connection_made(self, transport):
        transport.pause_reading()
        transport.write(bytes(10_000_000))


async def main():
    with tempfile.TemporaryDirectory() as directory, socket.socket(socket.AF_UNIX) as client:
        path = os.path.join(directory, "socket")
        await asyncio.get_running_loop().create_unix_server(Stalled, path)
        client.connect(path)
        client.shutdown(socket.SHUT_WR)
        await asyncio.sleep(1)
        before = time.process_time()
        await asyncio.sleep(2)
        return (time.process_time() - before) / 2


signal.alarm(30)  # ends the process if the loop hangs
factory = pkgutil.resolve_name(sys.argv[1]) if sys.argv[1:] else asyncio.new_event_loop
with asyncio.Runner(loop_factory=factory) as runner:
    seen = runner.run(main())
print("expected: less than 3% of a core")
print(f"seen: {seen:.1%} of a core")
sys.exit(seen >= 0.03)
