"""Tornado: without descriptors, TCPServer logs an error with each turn of the loop."""
import asyncio, resource, socket, time, io, logging
from tornado.tcpserver import TCPServer
log = io.StringIO(); logging.basicConfig(stream=log)
async def main():
    listener = socket.create_server(("127.0.0.1", 0), backlog=100); listener.setblocking(False)
    server = TCPServer(); server.add_socket(listener)
    clients = [socket.create_connection(listener.getsockname()) for _ in range(3)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(c.fileno() for c in clients) + 1, 4096))
    before = time.process_time()
    await asyncio.sleep(1)
    print(log.getvalue().count("Too many open files"), "errors and", round(time.process_time() - before, 2), "s of CPU time in 1 s")
    import os; os._exit(0)
asyncio.run(main())
