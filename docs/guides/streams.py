"""streams.py HOST PORT: asyncio streams."""

import asyncio
import contextlib
import signal
import socket
import sys

GRACE_SECONDS = 1
clients = {}


async def answer(reader, writer):
    clients[asyncio.current_task()] = writer
    with contextlib.suppress(OSError):  # the client is gone
        while data := await reader.read(65536):  # empty once the client has shut down its sending side
            writer.write(data.upper())
            await writer.drain()
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()  # until everything is sent
    del clients[asyncio.current_task()]


async def main(host, port):
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        server = await asyncio.start_server(answer, host, port, backlog=256)
    except OSError as error:
        sys.exit(f"cannot listen on {host} port {port}: {error.strerror}")
    await stop.wait()
    for _ in range(5):  # turns of the loop, in which it accepts clients that have already connected
        await asyncio.sleep(0)
    server.close()
    for writer in clients.values():
        with contextlib.suppress(OSError):  # its task answers what has arrived and then sees end of file
            writer.get_extra_info("socket").shutdown(socket.SHUT_RD)
    if clients:
        await asyncio.wait(clients, timeout=GRACE_SECONDS)
    for writer in clients.values():
        writer.transport.abort()
    if clients:
        await asyncio.wait(clients, timeout=GRACE_SECONDS)


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
