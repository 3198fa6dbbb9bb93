"""A client sends five thousand messages of 64 bytes to an echo server, each after the reply to the one before.

Usage: python many-messages.py [module:factory]
"""

import asyncio
import contextlib
import os
import pkgutil
import signal
import socket
import sys

MESSAGES, SIZE = 5000, 64


async def echo(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


def exchange(address):
    answered = 0
    with contextlib.suppress(OSError), socket.create_connection(address, timeout=3) as client:
        while answered < MESSAGES:
            client.sendall(bytes(SIZE))
            answered += len(client.recv(SIZE, socket.MSG_WAITALL)) == SIZE
    print(f"expected: {MESSAGES} messages are answered")
    print(f"seen: {answered} messages are answered", flush=True)
    os._exit(answered < MESSAGES)


async def main():
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    await asyncio.to_thread(exchange, server.sockets[0].getsockname())


signal.alarm(30)  # ends the process if the loop hangs
factory = pkgutil.resolve_name(sys.argv[1]) if sys.argv[1:] else asyncio.new_event_loop
with asyncio.Runner(loop_factory=factory) as runner:
    runner.run(main())
