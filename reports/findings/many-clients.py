"""A thousand clients connect, one after the other, and each gets an answer before the next one connects.

Usage: python many-clients.py [module:factory]
"""

import asyncio
import pkgutil
import resource
import signal
import socket
import sys


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


def connect(address):
    clients = []
    for number in range(1000):
        clients.append(socket.create_connection(address, timeout=5))
        clients[-1].sendall(b"x")
        try:
            clients[-1].recv(1)
        except OSError as error:
            return f"{number} clients are answered, then {error!r}"
    return "1000 clients are answered"


async def main():
    server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", 0)
    return await asyncio.to_thread(connect, server.sockets[0].getsockname())


signal.alarm(30)  # ends the process if the loop hangs
resource.setrlimit(resource.RLIMIT_NOFILE, (4000, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
factory = pkgutil.resolve_name(sys.argv[1]) if sys.argv[1:] else asyncio.new_event_loop
with asyncio.Runner(loop_factory=factory) as runner:
    try:
        seen = runner.run(main())
    except RuntimeError as error:
        seen = f"the loop ends with {error!r}"
print("expected: 1000 clients are answered")
print("seen:", seen)
sys.exit(seen != "1000 clients are answered")
