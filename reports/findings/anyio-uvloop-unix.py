"""1500 clients are connected over a Unix socket and send a byte each at the same time.

Usage: python anyio-uvloop-unix.py [module:factory]   (needs AnyIO, on asyncio or on the loop)
"""

import asyncio
import pkgutil
import resource
import signal
import socket
import sys

import anyio
from anyio.abc import SocketListener

errors = []


async def handle(stream):
    async with stream:
        await stream.send(await stream.receive())


async def main():
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: errors.append(context))
    listener = socket.socket(socket.AF_UNIX)
    listener.bind("")  # an abstract address, which needs no file
    listener.listen(2000)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon((await SocketListener.from_socket(listener)).serve, handle)
        clients = [socket.socket(socket.AF_UNIX) for _ in range(1500)]
        for client in clients:
            client.connect(listener.getsockname())
        await anyio.sleep(3)
        for client in clients:
            client.send(b"x")
        await anyio.sleep(3)
        tasks.cancel_scope.cancel()


signal.alarm(60)  # ends the process if it hangs
resource.setrlimit(resource.RLIMIT_NOFILE, (4000, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
factory = pkgutil.resolve_name(sys.argv[1]) if sys.argv[1:] else asyncio.new_event_loop
anyio.run(main, backend_options={"loop_factory": factory})
print("expected: no errors in callbacks of the loop")
print("seen:", f"{errors[0]['exception']!r} and others" if errors else "no errors in callbacks of the loop")
sys.exit(bool(errors))
