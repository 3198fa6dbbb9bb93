"""What can be set about a running server: the names, defaults and limits, written once."""

from dataclasses import dataclass

DEFAULT_ADDRESS = "127.0.0.1:8080"

# Kernels kept the backlog in 16 bits for long, and cut it at net.core.somaxconn without a word;
# a greater value is a slip, not a wish.
MAX_BACKLOG = 65_535
# One asyncio-buffered connection holds a buffer of this size as long as it lives.
MAX_RECEIVE_SIZE = 16 * 2**20
MAX_GRACE = 3600.0  # longer is what service managers call hanging
MAX_MODE = 0o777


@dataclass(frozen=True)
class Settings:
    """The terms a server runs under, whatever its I/O model.

    Attributes:
        backlog: connections the kernel may hold ready before they are accepted (the argument of ``listen``).
        receive_size: bytes asked for by one ``recv``, where the model lets a server choose.
        grace: seconds that open connections get to finish once the server was told to stop.
        mode: permission bits of a Unix socket's path.
    """

    backlog: int = 1024
    receive_size: int = 65536
    grace: float = 5.0
    mode: int = 0o600
