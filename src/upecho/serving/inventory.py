"""What is here: every implementation, loop and family, or the reason why it is unavailable; and every check."""

import functools
from collections.abc import Callable
from dataclasses import dataclass

from upecho.net.address import Family
from upecho.serving import registry
from upecho.support.errors import CallerError


@dataclass(frozen=True)
class Entry:
    """A name that a user can write.

    Attributes:
        name: how it is written.
        summary: what it is, in a few words.
        unavailable: the reason why it cannot be used here; None if it can.
    """

    name: str
    summary: str = ""
    unavailable: str | None = None


@dataclass(frozen=True)
class ServerEntry(Entry):
    """An implementation.

    Attributes:
        max_clients: how many clients it serves at once; None means as many as there are descriptors.
        naive: shown for what it gets wrong.
    """

    max_clients: int | None = None
    naive: bool = False


@dataclass(frozen=True)
class CheckEntry:
    """A check of the conformance suite; its attributes are those of ``levels.Check``, and the level is its name."""

    id: str
    topic: str
    level: str
    requirement: str


def servers() -> list[ServerEntry]:
    """Return the built-in implementations and those of other packages."""
    return [_server(row) for row in registry.implementations()]


def loops() -> list[Entry]:
    """Return the event loops that have a name."""
    return [
        Entry(name, location, _obstacle(functools.partial(registry.load_loop, name)))
        for name, location in registry.LOOPS.items()
    ]


def families() -> list[Entry]:
    """Return the socket families."""
    return [Entry(family.value, family.summary, _obstacle(family.require)) for family in Family]


def checks() -> list[CheckEntry]:
    """Return the checks of the conformance suite, in the order in which they are run."""
    from upecho.conformance.catalogue import catalogue  # noqa: PLC0415 (serving does not need the suite)

    return [CheckEntry(check.id, check.topic, check.level.value, check.requirement) for check in catalogue()]


def _server(row: registry.Implementation) -> ServerEntry:
    try:
        server = registry.load(row.name)
    except CallerError as error:
        return ServerEntry(row.name, row.summary, _reason(error), naive=row.naive)
    return ServerEntry(row.name, server.summary, None, server.max_clients, server.naive)


def _obstacle(attempt: Callable[[], object]) -> str | None:
    try:
        attempt()
    except CallerError as error:
        return _reason(error)
    return None


def _reason(error: CallerError) -> str:
    """Leave out the name, which stands beside it."""
    text = str(error)
    return text.partition(": ")[2] or text
