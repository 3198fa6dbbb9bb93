"""A coroutine waits in sock_recv() while no descriptor is free, and its peer sends a byte.

Usage: python fd-exhaustion-sock-recv.py [module:factory]
"""

import asyncio
import contextlib
import os
import pkgutil
import resource
import signal
import socket
import sys


async def main():
    loop = asyncio.get_running_loop()
    connection, peer = socket.socketpair()
    connection.setblocking(False)
    with contextlib.suppress(OSError):
        while True:
            held.append(os.dup(0))
    loop.call_later(0.5, peer.send, b"x")
    try:
        return repr(await asyncio.wait_for(loop.sock_recv(connection, 100), 5))
    except OSError as error:
        return repr(error)
    finally:
        list(map(os.close, held))


held = []
signal.alarm(30)  # ends the process if the loop hangs
resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200))
factory = pkgutil.resolve_name(sys.argv[1]) if sys.argv[1:] else asyncio.new_event_loop
with asyncio.Runner(loop_factory=factory) as runner:
    seen = runner.run(main())
print("expected: b'x'")
print("seen:", seen)
sys.exit(seen != "b'x'")
