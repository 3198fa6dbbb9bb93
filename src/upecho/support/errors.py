"""The error tree, named by who is at fault; each class carries the exit status it deserves.

UpechoError
├── TargetError     1  what is checked or measured misbehaves
├── CallerError     2  a flag, a name, an address, a file or a limit the caller can change
│   ├── AddressError      not an address, or not one that can be bound or reached here
│   └── Unavailable       known, but something it needs is missing on this system
└── HarnessError    3  upecho could not do its own work
    └── NoPortLeft        the machine has no port for one more TCP connection or listener
"""

from typing import ClassVar


class UpechoError(Exception):
    """Any foreseen failure; its text is one line saying what is wrong, which value, and what would be right."""

    exit_status: ClassVar[int]


class TargetError(UpechoError):
    """The server under examination did something it must not do."""

    exit_status = 1


class CallerError(UpechoError):
    """The caller asked for something that cannot be done as asked."""

    exit_status = 2


class AddressError(CallerError):
    """An address that cannot be parsed, bound or reached."""


class Unavailable(CallerError):
    """A known implementation, loop or family that this system cannot offer."""


class HarnessError(UpechoError):
    """upecho itself, or the machine under it, failed."""

    exit_status = 3


class NoPortLeft(HarnessError):
    """All local ports are taken; no server is to blame."""

    def __init__(self) -> None:
        super().__init__(
            "no local port left: each TCP connection that has ended keeps one for a minute (TIME-WAIT); wait, give "
            "this machine more (sysctl net.ipv4.ip_local_port_range), or use unix"
        )
