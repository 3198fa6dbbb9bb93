"""A server is created from a listening Unix socket that exists.

Usage: python create-unix-server-sock.py [module:factory]
"""

import asyncio
import pkgutil
import signal
import socket
import sys


async def main():
    listener = socket.socket(socket.AF_UNIX)
    listener.bind("")  # an abstract address, which needs no file
    try:
        server = await asyncio.get_running_loop().create_unix_server(asyncio.Protocol, sock=listener)
    except Exception as error:
        return repr(error)
    server.close()
    return "a server"


signal.alarm(30)  # ends the process if the loop hangs
factory = pkgutil.resolve_name(sys.argv[1]) if sys.argv[1:] else asyncio.new_event_loop
with asyncio.Runner(loop_factory=factory) as runner:
    seen = runner.run(main())
print("expected: a server")
print("seen:", seen)
sys.exit(seen != "a server")
