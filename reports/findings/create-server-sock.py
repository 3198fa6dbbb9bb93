"""A server is created from a listening socket that exists; a client connects to the address of that socket.

Usage: python create-server-sock.py [module:factory]
"""

import asyncio
import pkgutil
import signal
import socket
import sys

EXPECTED = "a greeting at the address of the socket"


class Greet(asyncio.Protocol):
    def connection_made(self, transport):
        transport.write(b"hello")


def connect(address):
    with socket.create_connection(address, timeout=3) as client:
        return EXPECTED if client.recv(100) == b"hello" else "no greeting"


async def main():
    listener = socket.create_server(("127.0.0.1", 0))
    address = listener.getsockname()
    try:
        server = await asyncio.get_running_loop().create_server(Greet, sock=listener)
    except Exception as error:
        return f"create_server() raises {error!r}"
    actual = [one.getsockname() for one in server.sockets]
    try:
        return await asyncio.to_thread(connect, address)
    except OSError as error:
        return f"{error!r} at {address}; the server has {actual}"


signal.alarm(30)  # ends the process if the loop hangs
factory = pkgutil.resolve_name(sys.argv[1]) if sys.argv[1:] else asyncio.new_event_loop
with asyncio.Runner(loop_factory=factory) as runner:
    seen = runner.run(main())
print("expected:", EXPECTED)
print("seen:", seen)
sys.exit(seen != EXPECTED)
