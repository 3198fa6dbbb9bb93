"""A protocol writes a block of 100 000 bytes.

Usage: python write-beyond-64-kib.py [module:factory]
"""

import asyncio
import pkgutil
import signal
import socket
import sys


async def main():
    result = asyncio.get_running_loop().create_future()

    class Write(asyncio.Protocol):
        def connection_made(self, transport):
            try:
                result.set_result(transport.write(bytes(100_000)))
            except BaseException as error:
                result.set_result(f"{type(error).__name__}: {error}")

    server = await asyncio.get_running_loop().create_server(Write, "127.0.0.1", 0)
    with socket.create_connection(server.sockets[0].getsockname()):
        return await asyncio.wait_for(result, 5)


signal.alarm(30)  # ends the process if the loop hangs
factory = pkgutil.resolve_name(sys.argv[1]) if sys.argv[1:] else asyncio.new_event_loop
with asyncio.Runner(loop_factory=factory) as runner:
    seen = runner.run(main())
print("expected: write() returns")
print("seen: write()", f"raises {seen}" if seen else "returns")
sys.exit(bool(seen))
