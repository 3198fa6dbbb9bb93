"""Everything that has a name here: implementations, loops and families, and why some cannot be used."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from upecho.net.address import Family
from upecho.serving import loops as loop_table
from upecho.serving import registry
from upecho.serving.loading.implementation import load_implementation
from upecho.serving.loading.loops import expect_available, is_installed
from upecho.serving.target import COMMAND
from upecho.support.errors import CallerError


@dataclass(frozen=True)
class Entry:
    """A name that a user can write.

    Attributes:
        name: The name as it is written.
        summary: What it stands for, in a few words.
        unavailable: The reason why it cannot be used here; None if it can.
    """

    name: str
    summary: str = ""
    unavailable: str | None = None


@dataclass(frozen=True)
class ImplementationEntry(Entry):
    """An implementation.

    Attributes:
        max_clients: Number of clients it serves at the same time; None means no limit except descriptors.
        naive: Whether it exists to show mistakes.
    """

    max_clients: int | None = None
    naive: bool = False


def implementations(without: Collection[str] = ()) -> list[ImplementationEntry]:
    """Return the built-in implementations, then those of other packages.

    Args:
        without: Names of implementations to leave out, because their code would end or block this process.
    """
    return [implementation(row) for row in registry.registrations() if row.name not in without]


def unusable_implementations(unusable: Mapping[str, str]) -> list[ImplementationEntry]:
    """Return the implementations that have been tried and cannot be used.

    Args:
        unusable: Those targets of ``foreign`` that cannot be used, each with the reason.
    """
    rows = [row for row in registry.registrations() if row.name in unusable]
    return [ImplementationEntry(row.name, row.summary, unusable[row.name], naive=row.naive) for row in rows]


def not_installed() -> set[str]:
    """Return the names of the servers for frameworks that are not installed."""
    return {row.name for row in registry.FRAMEWORKS if not row.is_installed}


def loops(unusable: Mapping[str, str] | None = None) -> list[Entry]:
    """Return the event loops that have a name. None of them is imported.

    Args:
        unusable: Those targets of ``foreign`` that have been tried and cannot be used, each with the reason.
    """
    reasons = unusable or {}
    return [_loop(row, reasons.get(_with_loop(row.name))) for row in loop_table.registered()]


def foreign() -> list[str]:
    """Return a target for each name here whose code is not that of upecho, without importing anything.

    Frameworks that are not installed and loops that are not available are left out.
    """
    rows = [row for row in registry.registrations() if row.is_installed]
    added = [row.name for row in rows if row.name not in registry.BUILT_IN_NAMES]
    others = [row for row in loop_table.registered() if row.name != loop_table.ASYNCIO]
    return added + [_with_loop(row.name) for row in others if not _limit(row)]


def expanded(texts: Iterable[str]) -> tuple[list[str], dict[str, str]]:
    """Return targets with ``NAME+all`` replaced by a target for each loop that is installed.

    Args:
        texts: The targets as the user wrote them.

    Returns:
        The targets, and those left out because this system lacks something that their loop needs, with the reason.
    """
    found: list[str] = []
    limited: dict[str, str] = {}
    for text in texts:
        name, _, loop = text.partition("+")
        if loop != loop_table.ALL or text.startswith(COMMAND):
            found.append(text)
            continue
        for row in filter(is_installed, loop_table.registered()):
            one = f"{name}+{row.name}"
            if reason := _limit(row):
                limited[one] = reason
            else:
                found.append(one)
    return found, limited


def families() -> list[Entry]:
    """Return the socket families."""
    return [Entry(family.value, family.summary, _obstacle(family.require)) for family in Family]


def implementation(row: registry.Registration) -> ImplementationEntry:
    """Return an implementation, which is imported."""
    try:
        loaded = load_implementation(row.name)
    except CallerError as error:
        return ImplementationEntry(row.name, row.summary, error.detail, naive=row.naive)
    return ImplementationEntry(row.name, loaded.summary, None, loaded.declared.max_clients, loaded.naive)


def _with_loop(name: str) -> str:
    return f"{loop_table.ASYNCIO}+{name}"


def _loop(row: loop_table.Loop, reason: str | None) -> Entry:
    return Entry(row.name, _summary(row), reason or _limit(row))


def _summary(row: loop_table.Loop) -> str:
    supported = [family.value for family in Family if family in row.families]
    return row.location if len(supported) == len(Family) else f"{row.location} (only {', '.join(supported)})"


def _limit(row: loop_table.Loop) -> str | None:
    return _obstacle(lambda: expect_available(row))


def _obstacle(attempt: Callable[[], object]) -> str | None:
    """Return why an attempt fails; None if it succeeds."""
    try:
        attempt()
    except CallerError as error:
        return error.detail
    return None
