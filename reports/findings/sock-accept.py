"""A client connects to a socket on which a coroutine accepts with sock_accept().

Usage: python sock-accept.py [module:factory]
"""

import asyncio
import pkgutil
import signal
import socket
import sys


async def main():
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as client:
        listener.setblocking(False)
        client.connect(listener.getsockname())
        return await asyncio.wait_for(asyncio.get_running_loop().sock_accept(listener), 5)


signal.alarm(30)  # ends the process if the loop hangs
factory = pkgutil.resolve_name(sys.argv[1]) if sys.argv[1:] else asyncio.new_event_loop
with asyncio.Runner(loop_factory=factory) as runner:
    seen = runner.run(main())
is_pair = isinstance(seen, tuple) and isinstance(seen[0], socket.socket)
print("expected: a socket and an address")
print("seen:", "a socket and an address" if is_pair else repr(seen))
sys.exit(not is_pair)
