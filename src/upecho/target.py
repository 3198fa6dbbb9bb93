"""What is checked or measured: something upecho starts, or an address that somebody else serves."""

import enum
import shlex
import shutil
from dataclasses import dataclass
from typing import Self

from upecho import registry
from upecho.address import Address
from upecho.errors import CallerError

COMMAND = "cmd:"
PLACEHOLDER = "{address}"


class Kind(enum.Enum):
    """How a target comes to life."""

    IMPLEMENTATION = "implementation"
    COMMAND = "command"
    ADDRESS = "address"


@dataclass(frozen=True)
class Target:
    """A target as the user named it.

    Attributes:
        text: ``NAME``, ``NAME+LOOP``, ``module:attribute``, an address, or ``cmd:COMMAND {address}``.
        kind: how it comes to life.
    """

    text: str
    kind: Kind

    @classmethod
    def parse(cls, text: str) -> Self:
        """Tell the forms apart and make sure that the target exists.

        Raises:
            CallerError: no such implementation, an address that is none, or a command without ``{address}``.
            Unavailable: a package it needs is not installed.
        """
        if text.startswith(COMMAND):
            if PLACEHOLDER not in text:
                raise CallerError(f"a command needs {PLACEHOLDER} where the address goes: {text!r}")
            _expect_program(text.removeprefix(COMMAND))
            return cls(text, Kind.COMMAND)
        if text.startswith("unix:") or text.rpartition(":")[2].isdigit():
            Address.parse(text)
            return cls(text, Kind.ADDRESS)
        registry.load(text)
        return cls(text, Kind.IMPLEMENTATION)

    def address(self) -> Address:
        """Return the address of a target that somebody else serves."""
        return Address.parse(self.text)

    def command(self, address: str) -> list[str]:
        """Return the program and arguments of a command that shall serve at ``address``."""
        words = shlex.split(self.text.removeprefix(COMMAND))
        return [word.replace(PLACEHOLDER, address) for word in words]

    @property
    def max_clients(self) -> int | None:
        """How many clients it serves at once, as it declares; None means no limit but descriptors."""
        return registry.load(self.text).max_clients if self.kind is Kind.IMPLEMENTATION else None


def _expect_program(command: str) -> None:
    try:
        program, *_ = shlex.split(command)
    except ValueError as error:
        raise CallerError(f"not a command: {command!r}: {error}") from None
    if not shutil.which(program):
        raise CallerError(f"no program {program!r} to run: {command!r}")
