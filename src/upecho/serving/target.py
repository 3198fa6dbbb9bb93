"""Targets: what the user asked to check or to measure."""

import contextlib
import enum
import re
import shlex
import shutil
import sys
from dataclasses import dataclass
from typing import Self

from upecho.net.address import Address, Family
from upecho.serving.loading.declarations import Declared
from upecho.serving.loading.implementation import load_implementation
from upecho.support.errors import CallerError

COMMAND = "cmd:"
COMMAND_GRACE = 10.0  # seconds; many servers give their clients this long
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # characters that a terminal obeys instead of showing

# The placeholders of a command, each with the families whose addresses have that part.
PLACEHOLDERS = {
    "{address}": frozenset(Family),
    "{host}": frozenset({Family.INET, Family.INET6}),
    "{port}": frozenset({Family.INET, Family.INET6}),
    "{path}": frozenset({Family.UNIX}),
}


class Kind(enum.StrEnum):
    """How the server of a target is started, or by whom."""

    IMPLEMENTATION = "implementation"  # upecho runs Python code in a child process
    COMMAND = "command"  # upecho runs a program of the user
    ADDRESS = "address"  # someone else has started the server


@dataclass(frozen=True)
class Target:
    """A target as the user named it.

    Attributes:
        text: ``NAME``, ``NAME+LOOP``, ``module:attribute``, an address, or ``cmd:COMMAND {address}``.
        kind: How its server is started.
        families: The socket families that it declares to serve.
        max_clients: Number of clients that it declares to serve at the same time; None means no limit except
            descriptors.
        logs: Whether it declares that it logs to stderr; only implementations do.
        grace: Seconds that it declares to give its clients after it was told to stop. An implementation is told how
            long that should be, so its declaration counts only if it is longer.
    """

    text: str
    kind: Kind
    families: frozenset[Family] = frozenset(Family)
    max_clients: int | None = None
    logs: bool = False
    grace: float = 0.0

    @classmethod
    def parse(
        cls,
        text: str,
        max_clients: int | None = None,
        *,
        grace: float | None = None,
        declared: Declared | None = None,
    ) -> Self:
        """Parse a target and verify that it exists.

        Args:
            text: The target as the user wrote it.
            max_clients: Number of clients that it serves at the same time, if it does not declare that itself.
            grace: Seconds that a command gives its clients after it was told to stop; None means the default.
            declared: What another process, which has imported an implementation, found its module to declare; None
                imports it into this process.

        Raises:
            CallerError: There is no such implementation or program, the address is malformed, or the command has no
                placeholder for an address.
            Unavailable: A package that it needs is not installed.
            Unusable: The code of the target fails at import.
        """
        if CONTROL.search(text):
            raise CallerError(f"a target may have no control characters, because reports show it: {text!r}")
        if text.startswith(COMMAND):
            families = _families(text)
            _expect_program(text.removeprefix(COMMAND))
            return cls(text, Kind.COMMAND, families, max_clients, grace=COMMAND_GRACE if grace is None else grace)
        if cls.is_address(text):
            return cls(text, Kind.ADDRESS, frozenset({Address.parse(text).family}), max_clients)
        if declared is None:
            with contextlib.redirect_stdout(sys.stderr):  # a module may print while it is imported
                declared = load_implementation(text).declared
        return cls(
            text,
            Kind.IMPLEMENTATION,
            declared.families,
            declared.max_clients or max_clients,
            logs=declared.logs,
            grace=declared.grace,
        )

    @staticmethod
    def is_address(text: str) -> bool:
        """Whether a target is the address of a server that someone else has started; it may be malformed."""
        return text.startswith("unix:") or text.rpartition(":")[2].isdigit()

    @classmethod
    def implementation(cls, text: str) -> Self:
        """Return an implementation without loading it, which perhaps only another interpreter can do."""
        return cls(text, Kind.IMPLEMENTATION)

    @property
    def name(self) -> str:
        """Name or location of an implementation, without the event loop that the user chose."""
        return self.text.partition("+")[0]

    @property
    def loop(self) -> str:
        """Name of the event loop that the user chose for an implementation; empty without one."""
        return self.text.partition("+")[2] if self.kind is Kind.IMPLEMENTATION else ""

    @property
    def is_given_host(self) -> bool:
        """Whether the server is told at which host to listen; the command line of a command may name only the port."""
        return self.kind is not Kind.COMMAND or "{address}" in self.text or "{host}" in self.text

    def address(self) -> Address:
        """Return the address of a target that someone else has started."""
        return Address.parse(self.text)

    def command(self, text: str) -> list[str]:
        """Return the program and arguments that make a command serve at the address ``text``."""
        # A path is not parsed, because a check passes one that is too long for any system.
        address = Address(Family.UNIX) if text.startswith("unix:") else Address.parse(text)
        path = text.removeprefix("unix:")
        values = {"{address}": text, "{host}": address.host, "{port}": str(address.port), "{path}": path}
        words = shlex.split(self.text.removeprefix(COMMAND))
        # At once: the path of a socket may contain what looks like a placeholder.
        return [re.sub("|".join(values), lambda found: values[found[0]], word) for word in words]


def _families(command: str) -> frozenset[Family]:
    """Return the families whose addresses have all of the parts that a command has placeholders for."""
    present = [families for name, families in PLACEHOLDERS.items() if name in command]
    if not present:
        hint = "put {address}, {port} or {path} where the command takes the address to listen on"
        raise CallerError(repr(command), subject="no placeholder in the command", hint=hint)
    if not (families := frozenset.intersection(*present)):
        raise CallerError(f"no address has all of the placeholders in {command!r}")
    return families


def _expect_program(command: str) -> None:
    try:
        program, *_ = shlex.split(command)
    except ValueError as error:
        raise CallerError(str(error), subject=f"not a command: {command!r}") from None
    if not shutil.which(program):
        raise CallerError(f"no program {program!r} for the command {command!r}")
