"""A listening Unix socket with a queue for 500 clients is handed over to a framework; 200 clients connect at once.

Usage: python twisted-adopted-backlog.py [twisted]
"""

import asyncio
import signal
import socket
import sys


def adopt_with_twisted(listener):
    from twisted.internet import reactor
    from twisted.internet.protocol import Factory, Protocol

    reactor.adoptStreamPort(listener.fileno(), socket.AF_UNIX, Factory.forProtocol(Protocol))
    return connected(listener.getsockname())


async def adopt_with_asyncio(listener):
    await asyncio.get_running_loop().create_unix_server(asyncio.Protocol, sock=listener, backlog=500)
    return connected(listener.getsockname())


def connected(address):
    clients = [socket.socket(socket.AF_UNIX) for _ in range(200)]
    for number, client in enumerate(clients):
        client.setblocking(False)
        try:
            client.connect(address)
        except BlockingIOError:  # the queue is full
            return number
    return len(clients)


signal.alarm(30)  # ends the process if it hangs
listener = socket.socket(socket.AF_UNIX)
listener.bind("")  # an abstract address, which needs no file
listener.listen(500)
listener.setblocking(False)
seen = adopt_with_twisted(listener) if sys.argv[1:] else asyncio.run(adopt_with_asyncio(listener))
print("expected: 200 clients are connected")
print(f"seen: {seen} clients are connected")
sys.exit(seen != 200)
