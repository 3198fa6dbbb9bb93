"""Errors that upecho foresees, named after the party at fault. Each class carries the exit status of the command line.

UpechoError
├── TargetError     1  the server that is checked or measured misbehaves
├── CallerError     2  an option, name, address, file or limit that the caller can change
│   ├── AddressError      an address that cannot be parsed, bound or reached
│   ├── Unavailable       something known that this system cannot offer
│   └── Unusable          the code of a target, or of its event loop, fails before it can serve
└── HarnessError    3  upecho, or the machine under it, could not do its own work
    └── NoPortLeft        the machine has no local port for one more TCP connection or listener

An error consists of fields and renders itself to one line. Code that needs a part of it reads the field.
"""

import sys
from typing import ClassVar

PORT_RANGE = "net.ipv4.ip_local_port_range" if sys.platform == "linux" else "net.inet.ip.portrange.first"


class UpechoError(Exception):
    """A foreseen failure, which renders to one line: ``subject: reason; hint``.

    Attributes:
        reason: What is wrong.
        subject: What failed, with the value concerned; empty if the reason says so itself.
        hint: What to do about it, or what would be accepted; empty if the reason says so itself.
    """

    exit_status: ClassVar[int]

    def __init__(self, reason: str, *, subject: str = "", hint: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.subject = subject
        self.hint = hint

    @property
    def detail(self) -> str:
        """The line without its subject, for places that show the subject beside it."""
        return f"{self.reason}; {self.hint}" if self.hint else self.reason

    def __str__(self) -> str:
        return f"{self.subject}: {self.detail}" if self.subject else self.detail


class TargetError(UpechoError):
    """The server that is checked or measured did something wrong."""

    exit_status = 1


class CallerError(UpechoError):
    """The caller asked for something that cannot be done as asked."""

    exit_status = 2


class AddressError(CallerError):
    """An address cannot be parsed, bound or reached."""


class Unavailable(CallerError):
    """An implementation, event loop or socket family exists, but not on this system."""

    def __str__(self) -> str:
        return f"{self.subject} is unavailable here: {self.detail}" if self.subject else self.detail


class Unusable(CallerError):
    """The code of a target, or of its event loop, fails when it is imported or constructed.

    A command with a single target was asked for something impossible. In a run of several targets it is the failure of
    that target.
    """


class HarnessError(UpechoError):
    """upecho itself, or the machine under it, failed."""

    exit_status = 3


class NoPortLeft(HarnessError):
    """All local ports are taken; no server is to blame."""

    def __init__(self) -> None:
        super().__init__(
            "each TCP connection that has ended keeps one for a minute (TIME-WAIT)",
            subject="no local port left",
            hint=f"wait a minute, widen the range (sysctl {PORT_RANGE}), or use a Unix socket",
        )
