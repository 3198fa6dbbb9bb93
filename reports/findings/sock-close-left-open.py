"""A coroutine receives a byte with sock_recv() and closes its socket, while the client waits for the end.

Usage: python sock-close-left-open.py [module:factory]
"""

import asyncio
import pkgutil
import signal
import socket
import sys

EXPECTED = "the end of the stream"


def talk(address):
    with socket.create_connection(address, timeout=3) as client:
        client.sendall(b"x")
        try:
            return EXPECTED if client.recv(100) == b"" else "something else"
        except TimeoutError:
            return "nothing for 3 s"


async def main():
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        talking = asyncio.create_task(asyncio.to_thread(talk, listener.getsockname()))
        connection, _ = await loop.sock_accept(listener)
        connection.setblocking(False)
        with connection:
            await loop.sock_recv(connection, 100)
        return await talking


signal.alarm(30)  # ends the process if the loop hangs
factory = pkgutil.resolve_name(sys.argv[1]) if sys.argv[1:] else asyncio.new_event_loop
with asyncio.Runner(loop_factory=factory) as runner:
    seen = runner.run(main())
print("expected:", EXPECTED)
print("seen:", seen)
sys.exit(seen != EXPECTED)
