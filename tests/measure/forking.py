"""A server that forks for each connection, in which the kernel keeps or discards the CPU time of processes that end."""

import sys
from pathlib import Path

CODE = """
import os, signal, socket, sys
signal.signal(signal.SIGCHLD, {disposition})
host, _, port = sys.argv[1].rpartition(":")
listener = socket.create_server((host, int(port)), backlog=128)
while True:
    connection, _ = listener.accept()
    if os.fork() == 0:
        listener.close()
        while data := connection.recv(65536):
            connection.sendall(data.upper())
        os._exit(0)
    connection.close()
"""


def forking_server(directory: Path, disposition: str) -> str:
    """Write the server, and return its target; it discards CPU time with the disposition ``signal.SIG_IGN``."""
    (directory / "forking.py").write_text(CODE.format(disposition=disposition))
    return f"cmd:{sys.executable} -S {directory}/forking.py {{address}}"
