"""What can be set about a running server: the names, defaults and limits, written once."""

from dataclasses import dataclass

DEFAULT_ADDRESS = "127.0.0.1:8080"


@dataclass(frozen=True)
class Settings:
    """The terms a server runs under, whatever its I/O model.

    Attributes:
        backlog: connections the kernel may hold ready before they are accepted (the argument of ``listen``).
        receive_size: bytes asked for by one ``recv``, where the model lets a server choose.
        grace: seconds that open connections get to finish once the server was told to stop.
        mode: permission bits of a Unix socket's path.
    """

    backlog: int = 128
    receive_size: int = 65536
    grace: float = 5.0
    mode: int = 0o600
