"""``python anyio_tcp_listener.py HOST:PORT``: a server at an address that AnyIO binds."""

import sys

import anyio
from anyio.abc import SocketStream


async def echo(stream: SocketStream) -> None:
    async with stream:
        async for data in stream:
            await stream.send(data.upper())


async def main(host: str, port: int) -> None:
    listener = await anyio.create_tcp_listener(local_host=host, local_port=port)
    await listener.serve(echo)


host, _, port = sys.argv[1].rpartition(":")
anyio.run(main, host, int(port))
