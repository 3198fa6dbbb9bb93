"""What is checked or measured: something upecho starts, or an address that somebody else serves."""

import enum
from dataclasses import dataclass
from typing import Self

from upecho import registry
from upecho.address import Address


class Kind(enum.Enum):
    """How a target comes to life."""

    STARTED = "started"
    ADDRESS = "address"


@dataclass(frozen=True)
class Target:
    """A target as the user named it.

    Attributes:
        text: ``NAME``, ``NAME+LOOP``, ``module:attribute`` or an address.
        kind: whether upecho starts it.
    """

    text: str
    kind: Kind

    @classmethod
    def parse(cls, text: str) -> Self:
        """Tell the forms apart and make sure that the target exists.

        Raises:
            CallerError: no such implementation, or an address that is none.
            Unavailable: a package it needs is not installed.
        """
        if text.startswith("unix:") or text.rpartition(":")[2].isdigit():
            Address.parse(text)
            return cls(text, Kind.ADDRESS)
        registry.load(text)
        return cls(text, Kind.STARTED)

    def address(self) -> Address:
        """Return the address of a target that somebody else serves."""
        return Address.parse(self.text)

    @property
    def max_clients(self) -> int | None:
        """How many clients it serves at once, as it declares; None means no limit but descriptors."""
        return registry.load(self.text).max_clients if self.kind is Kind.STARTED else None
