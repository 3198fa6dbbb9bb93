"""Tornado: an IOStream that sees end of file while it sends closes with the rest unsent."""
import asyncio, socket, time
from tornado.iostream import StreamClosedError
from tornado.tcpserver import TCPServer

CHUNK = 65536

class Echo(TCPServer):
    async def handle_stream(self, stream, address):
        try:
            while True:
                await stream.write(await stream.read_bytes(CHUNK, partial=True))
        except StreamClosedError:
            stream.close()

def lost_with(address, chunks):
    """Send, half-close, and only then read; return the number of bytes that did not come back."""
    with socket.create_connection(address, 5) as client:
        for _ in range(chunks):
            client.sendall(bytes(CHUNK))
            time.sleep(0.005)
        client.shutdown(socket.SHUT_WR)
        time.sleep(0.05)
        return chunks * CHUNK - sum(iter(lambda: len(client.recv(CHUNK)), 0))

async def main():
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    server = Echo()
    server.add_socket(listener)
    for chunks in range(1, 80):
        if lost := await asyncio.to_thread(lost_with, listener.getsockname(), chunks):
            print(f"{lost} of {chunks * CHUNK} bytes lost")

asyncio.run(main())
