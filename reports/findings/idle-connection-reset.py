"""A client resets its connection while a coroutine waits for data. What does the coroutine get?

Usage: python idle-connection-reset.py [module:factory]
"""

import asyncio
import pkgutil
import signal
import socket
import struct
import sys


def reset(address):
    with socket.create_connection(address, timeout=5) as client:
        client.sendall(b"x")
        client.recv(1)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # closing sends RST


async def main():
    result = asyncio.get_running_loop().create_future()

    async def handle(reader, writer):
        writer.write(await reader.readexactly(1))
        try:
            result.set_result(f"{await reader.read(100)!r}, which means end of file")
        except Exception as error:
            result.set_result("ConnectionResetError" if isinstance(error, ConnectionResetError) else repr(error))

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    await asyncio.to_thread(reset, server.sockets[0].getsockname())
    await asyncio.wait([result], timeout=3)
    return result.result() if result.done() else "nothing for 3 s"


signal.alarm(30)  # ends the process if the loop hangs
factory = pkgutil.resolve_name(sys.argv[1]) if sys.argv[1:] else asyncio.new_event_loop
with asyncio.Runner(loop_factory=factory) as runner:
    seen = runner.run(main())
print("expected: ConnectionResetError")
print("seen:", seen)
sys.exit(seen != "ConnectionResetError")
