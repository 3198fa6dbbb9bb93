"""``python threading_mixin.py HOST:PORT``: a server with ``ThreadingMixIn``, for Python 3.6 and newer."""

import signal
import socketserver
import sys
import threading
from typing import Any


class Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        for data in iter(lambda: self.request.recv(65536), b""):
            self.request.sendall(data.upper())


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    allow_reuse_address = True
    request_queue_size = 256


def stop(*_: Any) -> None:
    threading.Thread(target=server.shutdown).start()


host, _, port = sys.argv[1].rpartition(":")
server = Server((host, int(port)), Echo)
signal.signal(signal.SIGTERM, stop)
signal.signal(signal.SIGINT, stop)
server.serve_forever()
