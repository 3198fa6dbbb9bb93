"""What marks a function as a check: its level, where it is due, and what it needs."""

import enum
import inspect
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest

from upecho.net.address import Family

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
        topic: what its module is about, in a word or two.
        level: how much it weighs.
        requirement: one sentence.
        source: where the requirement comes from.
        process: whether it has to start, observe or stop the server; else the socket is enough.
        observes: whether it has to see what the process uses, which only some systems show.
        clients: how many the server has to serve at once.
        limited: whether it is about servers that declare that they serve only so many at once.
        families: where it is due.
        looks_back: whether it judges what happened in the checks before it, too.
    """

    id: str
    topic: str
    level: Level
    requirement: str
    source: str
    process: bool
    observes: bool
    clients: int
    limited: bool
    families: frozenset[Family]
    looks_back: bool

    @classmethod
    def of(cls, function: Callable[..., Any]) -> "Check | None":
        """Return the description of a function, or None if it is not marked as a check."""
        mark = next((mark for mark in getattr(function, "pytestmark", ()) if mark.name == MARK), None)
        if mark is None:
            return None
        requirement, _, source = (inspect.getdoc(function) or "").partition("\n\nSource: ")
        return cls(
            id=function.__name__.removeprefix("test_").replace("_", "-"),
            topic=function.__module__.rpartition(".test_")[2].replace("_", " "),
            requirement=" ".join(requirement.split()),
            source=" ".join(source.split()),
            **mark.kwargs,
        )


def check(  # noqa: PLR0913 (a word for each thing that a check may need)
    level: Level,
    *,
    process: bool = False,
    observes: bool = False,
    clients: int = 1,
    limited: bool = False,
    families: Collection[Family] = tuple(Family),
    looks_back: bool = False,
) -> Callable[[Function], Function]:
    """Mark a test function as a check; see ``Check`` for what the words mean."""
    mark = pytest.mark.upecho(
        level=level,
        process=process or observes,
        observes=observes,
        clients=clients,
        limited=limited,
        families=frozenset(families),
        looks_back=looks_back,
    )

    def decorate(function: Function) -> Function:
        marked: Function = mark(function)
        return marked

    return decorate
