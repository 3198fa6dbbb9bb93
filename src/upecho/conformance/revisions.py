"""Revisions of the suite, which freeze what is scored.

The suite grows with each version of upecho. A revision names the checks that existed when it was published, with their
levels then. Under a revision, later checks are run and shown, and change neither the exit status nor another verdict.
A check of a revision may be mended if it accuses a correct server; one that demands more is a new check.
"""

import functools
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from upecho.conformance.check import Check, Level
from upecho.support.errors import CallerError
from upecho.support.text import unknown_name

FILE = Path(__file__).with_name("revisions.toml")


@functools.cache
def revisions() -> Mapping[str, Mapping[str, Level]]:
    """Return the level of each check of each revision, by the name of the revision and the id."""
    tables = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return {
        name: {check: Level(level) for level, checks in levels.items() for check in checks}
        for name, levels in tables.items()
    }


def expected(name: str) -> str:
    """Return the name of a revision.

    Raises:
        CallerError: There is no such revision; the message names those that exist.
    """
    if name not in revisions():
        raise CallerError(unknown_name("revision of the suite", name, sorted(revisions())))
    return name


def under(name: str, checks: Iterable[Check]) -> list[Check]:
    """Return checks with their levels under a revision, the later ones last.

    What a later check does to a server is then over for the others: it comes after those that judge what happened
    before them. An INFO check cannot fail anyway, and keeps its level.

    Args:
        name: The revision; empty for the levels of this version.
        checks: The checks.

    Raises:
        CallerError: There is no such revision.
    """
    if not name:
        return list(checks)
    levels = revisions()[expected(name)]
    found = [replace(check, level=levels.get(check.id) or _later(check)) for check in checks]
    return sorted(found, key=lambda check: check.id not in levels)


def _later(check: Check) -> Level:
    return Level.INFO if check.level is Level.INFO else Level.LATER


def equal_to(checks: Sequence[Check]) -> str:
    """Return the newest revision that scores just these checks, at these levels; empty if there is none."""
    levels = {check.id: check.level for check in checks}
    return next((name for name, one in sorted(revisions().items(), reverse=True) if one == levels), "")
