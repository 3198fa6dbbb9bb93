"""A listening Unix socket, whose path only its owner may use, is handed over to a framework.

Usage: python twisted-adopted-path-mode.py [twisted]
"""

import asyncio
import os
import signal
import socket
import stat
import sys
import tempfile


def adopt_with_twisted(listener):
    from twisted.internet import reactor
    from twisted.internet.protocol import Factory, Protocol

    reactor.adoptStreamPort(listener.fileno(), socket.AF_UNIX, Factory.forProtocol(Protocol))
    return mode_of(listener)


async def adopt_with_asyncio(listener):
    await asyncio.get_running_loop().create_unix_server(asyncio.Protocol, sock=listener)
    return mode_of(listener)


def mode_of(listener):
    return stat.filemode(os.stat(listener.getsockname()).st_mode)


signal.alarm(30)  # ends the process if it hangs
with tempfile.TemporaryDirectory() as directory, socket.socket(socket.AF_UNIX) as listener:
    listener.bind(os.path.join(directory, "socket"))
    os.chmod(listener.getsockname(), 0o600)
    listener.listen()
    listener.setblocking(False)
    seen = adopt_with_twisted(listener) if sys.argv[1:] else asyncio.run(adopt_with_asyncio(listener))
print("expected: srw-------")
print("seen:", seen)
sys.exit(seen != "srw-------")
