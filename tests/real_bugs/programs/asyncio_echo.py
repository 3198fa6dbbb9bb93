"""``python asyncio_echo.py MODULE:FACTORY VARIANT ADDRESS``: a server on an event loop, for Python 3.6 and newer.

Variants: ``write`` sends with ``write()``, ``writelines`` with ``writelines()``, and ``empty-chunk`` with
``writelines()`` of the data and an empty chunk. ``reused-buffer`` writes every reply into the same buffer, which it
passes to ``write()``. ``wait-closed`` sends like ``write``; at the stop, it waits for ``Server.wait_closed()`` before
it closes its connections.
"""

import asyncio
import importlib
import signal
import sys
from typing import Any, Dict, Set

buffer = bytearray(1 << 20)  # more than any event loop reads at once


def send_from_buffer(transport: Any, data: bytes) -> None:
    buffer[: len(data)] = data
    transport.write(memoryview(buffer)[: len(data)])


SEND: Dict[str, Any] = {
    "write": lambda transport, data: transport.write(data),
    "writelines": lambda transport, data: transport.writelines([data]),
    "empty-chunk": lambda transport, data: transport.writelines([data, b""]),
    "reused-buffer": send_from_buffer,
    "wait-closed": lambda transport, data: transport.write(data),
}
connections: Set[Any] = set()


class Echo(asyncio.Protocol):
    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        connections.add(transport)

    def data_received(self, data: bytes) -> None:
        SEND[sys.argv[2]](self.transport, data.upper())

    def pause_writing(self) -> None:
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        self.transport.resume_reading()

    def connection_lost(self, exc: Any) -> None:
        connections.discard(self.transport)


async def main(stop: asyncio.Event, address: str) -> None:
    loop = asyncio.get_event_loop()
    if address.startswith("unix:"):
        server = await loop.create_unix_server(Echo, address[len("unix:") :])
    else:
        host, _, port = address.rpartition(":")
        server = await loop.create_server(Echo, host.strip("[]"), int(port))
    await stop.wait()
    server.close()
    if sys.argv[2] == "wait-closed":
        await server.wait_closed()
    for connection in list(connections):
        connection.close()


module, _, factory = sys.argv[1].partition(":")
loop = getattr(importlib.import_module(module), factory)()
asyncio.set_event_loop(loop)
stop = asyncio.Event()
for signal_number in (signal.SIGTERM, signal.SIGINT):
    loop.add_signal_handler(signal_number, stop.set)
loop.run_until_complete(main(stop, sys.argv[3]))
