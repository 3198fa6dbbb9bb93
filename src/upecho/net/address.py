"""Addresses and socket families: parsing, formatting, socket parameters. No socket outlives the call that opens it."""

import contextlib
import enum
import errno
import os
import socket
import sys
from typing import NamedTuple, Self

from upecho.support.errors import AddressError, NoPortLeft, Unavailable

# sockaddr_un.sun_path holds 108 bytes on Linux and 104 on the BSDs and macOS, one of them for the final NUL
# (unix(7); sys/un.h).
MAX_PATH_BYTES = 107 if sys.platform == "linux" else 103

PROBE_SECONDS = 2.0
FORMS = "HOST:PORT, [V6]:PORT, unix:PATH or unix:@NAME"


class Family(enum.StrEnum):
    """A socket family over which a target is checked or measured."""

    INET = "inet"
    INET6 = "inet6"
    UNIX = "unix"
    ABSTRACT = "abstract"

    @property
    def summary(self) -> str:
        """The family in a few words."""
        return {
            Family.INET: "IPv4 loopback and network",
            Family.INET6: "IPv6 loopback and network",
            Family.UNIX: "Unix socket at a path",
            Family.ABSTRACT: "Unix socket with an abstract name (Linux only)",
        }[self]

    @property
    def is_unix(self) -> bool:
        """Whether the socket is an AF_UNIX socket, with a path or an abstract name."""
        return self in (Family.UNIX, Family.ABSTRACT)

    def require(self) -> None:
        """Verify that this system can bind a socket of the family.

        Raises:
            Unavailable: It cannot.
        """
        if reason := self._obstacle():
            raise Unavailable(reason, subject=f"family {self.value}")

    def is_available(self) -> bool:
        """Whether this system can bind a socket of the family."""
        return not self._obstacle()

    def _obstacle(self) -> str:
        """Return why this system cannot bind a socket of the family; empty if it can."""
        if self is Family.ABSTRACT and sys.platform != "linux":
            return "abstract Unix sockets exist on Linux only"
        if self.is_unix:
            return "" if hasattr(socket, "AF_UNIX") else "this Python has no Unix sockets"
        version, host = (socket.AF_INET, "127.0.0.1") if self is Family.INET else (socket.AF_INET6, "::1")
        try:
            with socket.create_server((host, 0), family=version) as probe, contextlib.suppress(NoPortLeft):
                _connect(probe.getsockname()[:2])
        except OSError as error:
            if error.errno == errno.EADDRINUSE:  # no port is left, which says nothing about the family
                return ""
            return f"cannot use {host}: {os.strerror(error.errno) if error.errno else error}"
        return ""


def _connect(name: tuple[str, int]) -> None:
    """Connect to a listener on loopback."""
    try:
        socket.create_connection(name, PROBE_SECONDS).close()
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:  # the address exists, since we listen there: a local port is missing
            raise NoPortLeft from None
        raise


class Address(NamedTuple):
    """Where a server listens.

    Attributes:
        family: The socket family; it decides which of the other fields count.
        host: Host name or IP address, without brackets; empty for Unix sockets.
        port: TCP port; 0 lets the system choose one when the address is bound.
        path: Path of a Unix socket, or ``@`` and its abstract name; empty for TCP.
    """

    family: Family
    host: str = ""
    port: int = 0
    path: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse one of the forms ``HOST:PORT``, ``[V6]:PORT``, ``unix:PATH`` and ``unix:@NAME``.

        Raises:
            AddressError: The text has none of these forms, or a path longer than the system accepts.
        """
        if text.startswith("unix:"):
            return cls._parse_unix(text.removeprefix("unix:"))
        host, colon, port = text.rpartition(":")
        bracketed = host.startswith("[") and host.endswith("]")
        if not colon or not host or not (port.isascii() and port.isdigit()):
            raise _not_an_address(text, f"use {FORMS}")
        if len(port) > len("65535") or int(port) > 65535:
            raise AddressError(f"{port[:10]} in {text[:80]!r}", subject="not a port", hint="it must be 0 to 65535")
        if ":" in host and not bracketed:
            raise _not_an_address(text, "put an IPv6 host in brackets, as in [::1]:8080")
        host = host[1:-1] if bracketed else host
        return cls(Family.INET6 if bracketed else Family.INET, host=host, port=int(port))

    @classmethod
    def _parse_unix(cls, path: str) -> Self:
        family = Family.ABSTRACT if path.startswith("@") else Family.UNIX
        size = len(os.fsencode(path))
        if path in ("", "@") or "\0" in path or "\n" in path:  # the address has to fit on one line of output
            raise _not_an_address(f"unix:{path}", "use unix:PATH or unix:@NAME")
        if size > MAX_PATH_BYTES:
            raise AddressError(
                f"{size} bytes, at most {MAX_PATH_BYTES} are possible: {path}", subject="Unix socket path too long"
            )
        return cls(family, path=path)

    @classmethod
    def of(cls, bound: socket.socket) -> Self:
        """Return the actual address of a bound socket, with the port that the system chose for port 0."""
        name = bound.getsockname()
        if bound.family == socket.AF_INET:
            return cls(Family.INET, host=name[0], port=name[1])
        if bound.family == socket.AF_INET6:
            scope = f"%{name[3]}" if name[3] else ""
            return cls(Family.INET6, host=name[0] + scope, port=name[1])
        if isinstance(name, bytes):
            return cls(Family.ABSTRACT, path="@" + os.fsdecode(name[1:]))
        return cls(Family.UNIX, path=name)

    def resolve(self) -> tuple[socket.AddressFamily, str | bytes | tuple[str | int, ...]]:
        """Return the socket family and the socket address to bind or to connect to.

        Raises:
            AddressError: The host is unknown.
            Unavailable: This system lacks the family.
        """
        if self.family.is_unix:
            self.family.require()
            name = b"\0" + os.fsencode(self.path[1:]) if self.family is Family.ABSTRACT else self.path
            return socket.AF_UNIX, name
        wanted = socket.AF_INET6 if self.family is Family.INET6 else socket.AF_INET
        # A str would go through the idna codec, whose import changes the memory layout of a server: --cold measures it.
        host_name = self.host.encode() if self.host.isascii() else self.host
        try:
            found = socket.getaddrinfo(host_name, self.port, wanted, socket.SOCK_STREAM)
        except (socket.gaierror, UnicodeError) as error:
            reason = error.strerror if isinstance(error, socket.gaierror) else "not a host name"
            raise AddressError(str(reason), subject=f"unknown host {self.host!r} in {self}") from None
        host, port, *scoped = found[0][4]  # IPv6 adds flow and scope; a link-local address needs the scope
        return wanted, (str(host), int(port), *(int(number) for number in scoped))

    def __str__(self) -> str:
        if self.family.is_unix:
            return f"unix:{self.path}"
        return f"[{self.host}]:{self.port}" if self.family is Family.INET6 else f"{self.host}:{self.port}"


def _not_an_address(text: str, hint: str) -> AddressError:
    return AddressError(repr(text), subject="not an address", hint=hint)
