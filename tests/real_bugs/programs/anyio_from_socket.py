"""``python anyio_from_socket.py unix:PATH``: a server on a listening socket that AnyIO takes over."""

import socket
import sys

import anyio
from anyio.abc import SocketListener, SocketStream


async def echo(stream: SocketStream) -> None:
    async with stream:
        async for data in stream:
            await stream.send(data.upper())


async def main(path: str) -> None:
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen()
    listener = await SocketListener.from_socket(listening)
    await listener.serve(echo)


anyio.run(main, sys.argv[1][len("unix:") :])
