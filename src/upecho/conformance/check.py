"""Describes a check: its level, where it is due and what it needs. Imports neither pytest nor a check."""

import enum
import inspect
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, TypeVar

from upecho.net.address import Family
from upecho.processes.linux import procfs

Function = TypeVar("Function", bound=Callable[..., Any])

TYPICAL_SECONDS = 0.1  # of most checks
ATTRIBUTE = "__upecho_check__"  # of a test function: its description


def _nothing() -> str:
    return ""


class Level(enum.StrEnum):
    """How much a failed check weighs."""

    MUST = "MUST"  # wrong bytes, a hang, a crash or a leak: never correct
    SHOULD = "SHOULD"  # expected of a careful server
    INFO = "INFO"  # records a value and cannot fail
    LATER = "LATER"  # was added after the revision of the suite that a run is scored by, so it is not scored


@dataclass(frozen=True)
class Check:
    """The description of a check.

    Attributes:
        id: Public name, as used by ``--check``.
        topic: Subject of the module that contains the check, in one to three words.
        level: Weight of a failure.
        requirement: What a server has to do, in one sentence.
        source: Standard or manual page that the requirement follows from.
        process: Whether the check starts, observes or stops the server process, rather than only connecting to it.
        observes: Whether the check reads the resource usage of the process, which not every system exposes.
        clients: Number of clients that the server has to serve at the same time.
        limited: Whether the check concerns only targets that declare a maximum number of clients.
        families: Socket families that the check applies to.
        runs_last: Whether the check also judges what happened during the checks before it. Each worker process that
            runs checks of a target ends with it.
        background: Whether the check spends its time waiting. It runs in a thread, with a server of its own, while the
            other checks of a worker run.
        seconds: About how long a server that passes takes, so that workers get equal shares.
        gate: Whether a server has to pass the check before ``upecho bench`` measures it.
        silence: Whether the check expects that nothing is logged to stderr, which concerns only implementations that do
            not declare to log.
        lacking: Returns what this system lacks that the check needs, beside what ``observes`` says; empty if nothing.
    """

    id: str
    topic: str
    level: Level
    requirement: str
    source: str
    process: bool = False
    observes: bool = False
    clients: int = 1
    limited: bool = False
    families: frozenset[Family] = frozenset(Family)
    runs_last: bool = False
    background: bool = False
    seconds: float = TYPICAL_SECONDS
    gate: bool = False
    silence: bool = False
    lacking: Callable[[], str] = _nothing

    @property
    def unavailable(self) -> str:
        """Why this system cannot carry out the check; empty if it can."""
        if self.observes and not procfs.AVAILABLE:
            return "this system does not expose the resource usage of a process"
        return self.lacking()

    @classmethod
    def of(cls, function: Callable[..., Any]) -> "Check | None":
        """Return the description attached to a function, or None if it is not a check."""
        description = getattr(function, ATTRIBUTE, None)
        return description if isinstance(description, cls) else None


def check(  # noqa: PLR0913 (one parameter for each property of a check)
    level: Level,
    *,
    process: bool = False,
    observes: bool = False,
    clients: int = 1,
    limited: bool = False,
    families: Collection[Family] = tuple(Family),
    runs_last: bool = False,
    background: bool = False,
    seconds: float = TYPICAL_SECONDS,
    gate: bool = True,
    silence: bool = False,
    lacking: Callable[[], str] = _nothing,
) -> Callable[[Function], Function]:
    """Turn a test function into a check.

    The name of the function becomes the id, its module the topic, and its docstring the requirement and the source.
    The parameters are the attributes of ``Check``; ``observes`` implies ``process``, and only MUST checks can be
    part of the gate.
    """

    def decorate(function: Function) -> Function:
        requirement, _, source = (inspect.getdoc(function) or "").partition("\n\nSource: ")
        description = Check(
            id=function.__name__.removeprefix("test_").replace("_", "-"),
            topic=function.__module__.rpartition(".test_")[2].replace("_", " "),
            level=level,
            requirement=_plain(requirement),
            source=_plain(source),
            process=process or observes,
            observes=observes,
            clients=clients,
            limited=limited,
            families=frozenset(families),
            runs_last=runs_last,
            background=background,
            seconds=seconds,
            gate=gate and level is Level.MUST,
            silence=silence,
            lacking=lacking,
        )
        setattr(function, ATTRIBUTE, description)
        return function

    return decorate


def _plain(paragraph: str) -> str:
    """Return a paragraph of a docstring on one line, with the quotation marks of plain text for those of markup."""
    return " ".join(paragraph.split()).replace("``", "'")
