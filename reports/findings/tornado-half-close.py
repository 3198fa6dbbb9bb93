"""A client receives a part of a long reply, half-closes its connection, and then receives the rest.

Usage: python tornado-half-close.py [tornado]
"""

import asyncio
import contextlib
import signal
import socket
import sys
import time

SIZE = 16_000_000  # bytes; more than the buffers of a TCP connection hold


def serve_with_tornado(listener):
    from tornado.iostream import StreamClosedError
    from tornado.tcpserver import TCPServer

    class Reply(TCPServer):
        async def handle_stream(self, stream, address):
            await stream.read_bytes(1)
            with contextlib.suppress(StreamClosedError):
                await stream.write(bytes(SIZE))
            stream.close()

    Reply().add_socket(listener)


async def reply(reader, writer):
    await reader.readexactly(1)
    writer.write(bytes(SIZE))
    await writer.drain()
    writer.close()


def talk(address):
    with socket.create_connection(address, 5) as client:
        time.sleep(0.5)  # the handler waits for data
        client.sendall(b"x")
        time.sleep(0.5)  # the server fills the buffers
        client.shutdown(socket.SHUT_WR)
        time.sleep(0.5)
        return sum(iter(lambda: len(client.recv(1_000_000)), 0))


async def main():
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    serve_with_tornado(listener) if sys.argv[1:] else await asyncio.start_server(reply, sock=listener)
    return await asyncio.to_thread(talk, listener.getsockname())


signal.alarm(30)  # ends the process if it hangs
seen = asyncio.run(main())
print(f"expected: {SIZE} bytes, then the end of the stream")
print(f"seen: {seen} bytes, then the end of the stream")
sys.exit(seen != SIZE)
