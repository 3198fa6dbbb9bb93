"""A client connects while no descriptor is free; the errors that a server logs within two seconds are counted.

Usage: python tornado-fd-exhaustion.py [tornado]
"""

import asyncio
import contextlib
import logging
import os
import resource
import signal
import socket
import sys

logged = []


def serve_with_tornado(listener):
    from tornado.tcpserver import TCPServer

    TCPServer().add_socket(listener)


async def main():
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    if sys.argv[1:]:
        serve_with_tornado(listener)
    else:
        await asyncio.start_server(lambda reader, writer: None, sock=listener, backlog=1)
    client = socket.socket()
    with contextlib.suppress(OSError):
        while True:
            os.dup(0)
    client.connect(listener.getsockname())
    await asyncio.sleep(2)
    print("expected: at most 100 logged errors")
    print(f"seen: {len(logged) if len(logged) > 100 else 'at most 100'} logged errors", flush=True)
    os._exit(len(logged) > 100)


signal.alarm(30)  # ends the process if it hangs
handler = logging.Handler()
handler.handle = logged.append
logging.basicConfig(handlers=[handler])
resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))
asyncio.run(main())
