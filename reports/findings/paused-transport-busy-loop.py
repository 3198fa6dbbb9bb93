"""A transport has paused reading, and has data for a client that half-closes its connection and does not read.

Usage: python paused-transport-busy-loop.py [module:factory]
"""

import asyncio
import pkgutil
import signal
import socket
import sys
import time


class Stalled(asyncio.Protocol):
    def connection_made(self, transport):
        transport.pause_reading()
        transport.write(bytes(16_000_000))


async def main():
    server = await asyncio.get_running_loop().create_server(Stalled, "127.0.0.1", 0)
    with socket.create_connection(server.sockets[0].getsockname()) as client:
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
print("seen:", f"{seen:.0%} of a core" if seen >= 0.03 else "less than 3% of a core")
sys.exit(seen >= 0.03)
