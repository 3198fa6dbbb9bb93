"""What is checked or measured: something upecho starts, or an address that somebody else serves."""

import enum
import re
import shlex
import shutil
from dataclasses import dataclass
from typing import Self

from upecho.net.address import Address, Family
from upecho.serving import registry
from upecho.support.errors import CallerError

COMMAND = "cmd:"
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # what a terminal obeys, not shows

# What a command may contain, what stands there when it is run, and which families can be told to it so.
PLACEHOLDERS = {
    "{address}": frozenset(Family),
    "{host}": frozenset({Family.INET, Family.INET6}),
    "{port}": frozenset({Family.INET, Family.INET6}),
    "{path}": frozenset({Family.UNIX}),
}


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
        families: those that it declares to serve.
        max_clients: how many it declares to serve at once; None means no limit but descriptors.
    """

    text: str
    kind: Kind
    families: frozenset[Family] = frozenset(Family)
    max_clients: int | None = None

    @classmethod
    def parse(cls, text: str, max_clients: int | None = None) -> Self:
        """Tell the forms apart and make sure that the target exists.

        ``max_clients`` is for targets that do not declare it themselves.

        Raises:
            CallerError: no such implementation, an address that is none, or a command without a place for one.
            Unavailable: a package it needs is not installed.
        """
        if CONTROL.search(text):
            raise CallerError(f"a target may have no control characters, as it is shown in reports: {text!r}")
        if text.startswith(COMMAND):
            families = _families(text)
            _expect_program(text.removeprefix(COMMAND))
            return cls(text, Kind.COMMAND, families, max_clients)
        if text.startswith("unix:") or text.rpartition(":")[2].isdigit():
            return cls(text, Kind.ADDRESS, frozenset({Address.parse(text).family}), max_clients)
        server = registry.load(text)
        return cls(text, Kind.IMPLEMENTATION, server.families, server.max_clients or max_clients)

    def address(self) -> Address:
        """Return the address of a target that somebody else serves."""
        return Address.parse(self.text)

    def command(self, text: str) -> list[str]:
        """Return the program and arguments of a command that shall serve at the address ``text``."""
        # Not parsed where there is a path: to be refused, it may be one that no system takes.
        address = Address(Family.UNIX) if text.startswith("unix:") else Address.parse(text)
        path = text.removeprefix("unix:")
        values = {"{address}": text, "{host}": address.host, "{port}": str(address.port), "{path}": path}
        words = shlex.split(self.text.removeprefix(COMMAND))
        for name, value in values.items():
            words = [word.replace(name, value) for word in words]
        return words


def _families(command: str) -> frozenset[Family]:
    """Return the families whose addresses can be told to a command through the placeholders in it."""
    present = [families for name, families in PLACEHOLDERS.items() if name in command]
    if not present:
        raise CallerError(
            f"a command needs {{address}}, {{port}} or {{path}} in it, to be told where to listen: {command!r}"
        )
    if not (families := frozenset.intersection(*present)):
        raise CallerError(f"no address has all of the parts that are asked for: {command!r}")
    return families


def _expect_program(command: str) -> None:
    try:
        program, *_ = shlex.split(command)
    except ValueError as error:
        raise CallerError(f"not a command: {command!r}: {error}") from None
    if not shutil.which(program):
        raise CallerError(f"no program {program!r} to run: {command!r}")
