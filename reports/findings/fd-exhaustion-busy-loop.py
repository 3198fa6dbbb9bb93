"""A client connects while no descriptor is free. The errors that the loop reports within two seconds are counted.

Usage: python fd-exhaustion-busy-loop.py [module:factory]
"""

import asyncio
import contextlib
import os
import pkgutil
import resource
import signal
import socket
import sys

errors = []


async def main():
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda loop, context: errors.append(context))
    server = await loop.create_server(asyncio.Protocol, "127.0.0.1", 0, backlog=1)
    client = socket.socket()
    held = []
    with contextlib.suppress(OSError):
        while True:
            held.append(os.dup(0))
    client.connect(server.sockets[0].getsockname())
    await asyncio.sleep(2)
    for descriptor in [*held, client.detach()]:
        os.close(descriptor)


signal.alarm(30)  # ends the process if the loop hangs
resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200))
factory = pkgutil.resolve_name(sys.argv[1]) if sys.argv[1:] else asyncio.new_event_loop
if sys.argv[1:] == ["aiofastnet:loop_factory"]:
    factory = factory()  # it returns the factory
with asyncio.Runner(loop_factory=factory) as runner:
    runner.run(main())
print("expected: at most 100 errors")
print("seen:", f"{len(errors)} errors" if len(errors) > 100 else "at most 100 errors")
sys.exit(len(errors) > 100)
