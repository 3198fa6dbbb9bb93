"""A client half-closes its connection to a protocol whose eof_received() returns None, and waits for the end.

Usage: python half-close-left-open.py [module:factory]
"""

import asyncio
import pkgutil
import signal
import socket
import sys

EXPECTED = "the reply, then the end of the stream"


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data.upper())


def talk(address):
    with socket.create_connection(address, timeout=3) as client:
        client.sendall(b"x")
        client.shutdown(socket.SHUT_WR)
        reply = client.recv(100)
        try:
            return EXPECTED if (reply, client.recv(100)) == (b"X", b"") else "something else"
        except TimeoutError:
            return f"the reply {reply!r}, then nothing for 3 s"


async def main():
    server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", 0)
    return await asyncio.to_thread(talk, server.sockets[0].getsockname())


signal.alarm(30)  # ends the process if the loop hangs
factory = pkgutil.resolve_name(sys.argv[1]) if sys.argv[1:] else asyncio.new_event_loop
with asyncio.Runner(loop_factory=factory) as runner:
    seen = runner.run(main())
print("expected:", EXPECTED)
print("seen:", seen)
sys.exit(seen != EXPECTED)
