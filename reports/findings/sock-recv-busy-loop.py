"""A coroutine waits in sock_recv() for a client that is silent.

Usage: python sock-recv-busy-loop.py [module:factory]
"""

import asyncio
import contextlib
import pkgutil
import signal
import socket
import sys
import time


async def main():
    loop = asyncio.get_running_loop()
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    with listener, socket.create_connection(listener.getsockname()):
        connection, _ = await loop.sock_accept(listener)
        connection.setblocking(False)
        before = time.process_time()
        with connection, contextlib.suppress(TimeoutError):
            await asyncio.wait_for(loop.sock_recv(connection, 100), 2)
        return (time.process_time() - before) / 2


signal.alarm(30)  # ends the process if the loop hangs
factory = pkgutil.resolve_name(sys.argv[1]) if sys.argv[1:] else asyncio.new_event_loop
with asyncio.Runner(loop_factory=factory) as runner:
    seen = runner.run(main())
print("expected: less than 3% of a core")
print("seen:", f"{seen:.0%} of a core" if seen >= 0.03 else "less than 3% of a core")
sys.exit(seen >= 0.03)
