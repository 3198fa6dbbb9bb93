"""A listening Unix socket is handed over to a framework; before it stops, another server binds the same path.

Usage: python twisted-adopted-path-removed.py [twisted]
"""

import asyncio
import os
import signal
import socket
import sys
import tempfile

EXPECTED = "the path of the other server exists"


def bound(path):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    listener.setblocking(False)
    return listener


def serve_with_twisted(first):
    from twisted.internet import reactor
    from twisted.internet.protocol import Factory, Protocol

    port = reactor.adoptStreamPort(first.fileno(), socket.AF_UNIX, Factory.forProtocol(Protocol))
    os.unlink(path)
    other = bound(path)
    port.stopListening().addBoth(lambda _: reactor.stop())
    reactor.run(installSignalHandlers=False)
    return other


async def serve_with_asyncio(first):
    server = await asyncio.get_running_loop().create_unix_server(asyncio.Protocol, sock=first)
    os.unlink(path)
    other = bound(path)
    server.close()
    await server.wait_closed()
    return other


signal.alarm(30)  # ends the process if it hangs
with tempfile.TemporaryDirectory() as directory:
    path = os.path.join(directory, "socket")
    first = bound(path)
    other = serve_with_twisted(first) if sys.argv[1:] else asyncio.run(serve_with_asyncio(first))
    seen = EXPECTED if os.path.exists(path) else "the path of the other server is removed"
print("expected:", EXPECTED)
print("seen:", seen)
sys.exit(seen != EXPECTED)
