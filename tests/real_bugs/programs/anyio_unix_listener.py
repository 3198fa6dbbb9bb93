"""``python anyio_unix_listener.py unix:PATH``: a server at a path that AnyIO binds."""

import sys

import anyio
from anyio.abc import SocketStream


async def echo(stream: SocketStream) -> None:
    async with stream:
        async for data in stream:
            await stream.send(data.upper())


async def main(path: str) -> None:
    listener = await anyio.create_unix_listener(path)
    await listener.serve(echo)


anyio.run(main, sys.argv[1][len("unix:") :])
