"""A coroutine calls sock_accept() while no descriptor is free and a client waits in the queue.

Usage: python fd-exhaustion-sock-accept.py [module:factory]
"""

import asyncio
import contextlib
import os
import pkgutil
import resource
import signal
import socket
import sys

EXPECTED = "an OSError with errno 24"


async def main():
    loop = asyncio.get_running_loop()
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    with socket.create_connection(listener.getsockname()):
        with contextlib.suppress(OSError):
            while True:
                held.append(os.dup(0))
        try:
            await asyncio.wait_for(loop.sock_accept(listener), 5)
        except OSError as error:
            return EXPECTED if error.errno == 24 else f"{error!r} with errno {error.errno}"
        finally:
            list(map(os.close, held))
    return "a connection"


held = []
signal.alarm(30)  # ends the process if the loop hangs
resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200))
factory = pkgutil.resolve_name(sys.argv[1]) if sys.argv[1:] else asyncio.new_event_loop
with asyncio.Runner(loop_factory=factory) as runner:
    seen = runner.run(main())
print("expected:", EXPECTED)
print("seen:", seen)
sys.exit(seen != EXPECTED)
