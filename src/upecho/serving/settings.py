"""The settings of a server: names, defaults and limits, defined in one place."""

from typing import NamedTuple

DEFAULT_ADDRESS = "127.0.0.1:8080"

# Kernels stored the backlog in 16 bits for a long time, and they silently reduce it to net.core.somaxconn. A larger
# value is a mistake.
MAX_BACKLOG = 65_535
# An asyncio-buffered connection holds a buffer of this size for as long as it is open.
MAX_RECEIVE_SIZE = 16 * 2**20
MAX_GRACE = 3600.0  # service managers would consider a longer stop a hang
MAX_MODE = 0o777


class Settings(NamedTuple):
    """Settings of a server, whatever its I/O model.

    Attributes:
        backlog: Connections that the kernel may complete before the server accepts them: the argument of ``listen``.
        receive_size: Bytes requested with one ``recv``, in I/O models that leave the choice to the server.
        grace: Seconds that open connections may take to finish after the stop.
        mode: Permission bits of the path of a Unix socket.
    """

    backlog: int = 1024
    receive_size: int = 65536
    grace: float = 5.0
    mode: int = 0o600


DEFAULTS = Settings()
