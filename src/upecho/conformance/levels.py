"""What marks a function as a check: its level, and where it is due."""

import enum
import inspect
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest

from upecho.address import Family

Function = TypeVar("Function", bound=Callable[..., Any])

MARK = "upecho"


class Level(enum.Enum):
    """How much a failed check weighs."""

    MUST = "MUST"  # wrong bytes, a hang, a crash, a leak: never right
    SHOULD = "SHOULD"  # what a careful server does
    INFO = "INFO"  # a value is recorded; cannot fail


@dataclass(frozen=True)
class Check:
    """A check's description.

    Attributes:
        id: its name.
        level: how much it weighs.
        requirement: one sentence.
        source: where the requirement comes from.
        process: whether it has to start, observe or stop the server; else the socket is enough.
        families: where it is due.
    """

    id: str
    level: Level
    requirement: str
    source: str
    process: bool
    families: frozenset[Family]

    @classmethod
    def of(cls, function: Callable[..., Any]) -> "Check | None":
        """Return the description of a function, or None if it is not marked as a check."""
        mark = next((mark for mark in getattr(function, "pytestmark", ()) if mark.name == MARK), None)
        if mark is None:
            return None
        requirement, _, source = (inspect.getdoc(function) or "").partition("\n\nSource: ")
        return cls(
            id=function.__name__.removeprefix("test_").replace("_", "-"),
            requirement=" ".join(requirement.split()),
            source=" ".join(source.split()),
            **mark.kwargs,
        )


def check(
    level: Level, *, process: bool = False, families: Collection[Family] = tuple(Family)
) -> Callable[[Function], Function]:
    """Mark a test function as a check."""
    mark = pytest.mark.upecho(level=level, process=process, families=frozenset(families))

    def decorate(function: Function) -> Function:
        marked: Function = mark(function)
        return marked

    return decorate
