"""A client connects while no descriptor is free. A second later descriptors are free, and other clients connect.

Usage: python fd-exhaustion-ends-accepting.py [module:factory]
"""

import asyncio
import contextlib
import os
import pkgutil
import resource
import signal
import socket
import sys
import time

EXPECTED = "one of the other clients is accepted"


def accepted(client, address):
    client.settimeout(2)  # asyncio accepts again one second after an error
    with client, contextlib.suppress(OSError):
        client.connect(address)
        return client.recv(9) == b"hello"


def exhaust(address):
    first, *others = [socket.socket() for _ in range(5)]
    held = []
    with contextlib.suppress(OSError):
        while True:
            held.append(os.dup(0))
    first.connect(address)
    time.sleep(1)
    list(map(os.close, held))
    return EXPECTED if any(accepted(client, address) for client in others) else "none of them is accepted"


async def main():
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    server = await asyncio.start_server(lambda _, writer: writer.write(b"hello"), "127.0.0.1", 0, backlog=1)
    return await asyncio.to_thread(exhaust, server.sockets[0].getsockname())


signal.alarm(30)  # ends the process if the loop hangs
resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200))
factory = pkgutil.resolve_name(sys.argv[1]) if sys.argv[1:] else asyncio.new_event_loop
with asyncio.Runner(loop_factory=factory) as runner:
    try:
        seen = runner.run(main())
    except OSError as error:
        seen = f"the loop ends with {error!r}"
print("expected:", EXPECTED)
print("seen:", seen)
sys.exit(seen != EXPECTED)
