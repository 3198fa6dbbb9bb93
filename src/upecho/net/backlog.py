"""How many connections the system lets wait in the queue of a listener."""

import socket
from pathlib import Path

LIMIT = Path("/proc/sys/net/core/somaxconn")  # of this network namespace: listen(2)


def backlog_limit() -> int:
    """Return the number of connections that may wait in the queue of any listener."""
    try:
        return int(LIMIT.read_text())
    except OSError:  # another system
        return socket.SOMAXCONN
