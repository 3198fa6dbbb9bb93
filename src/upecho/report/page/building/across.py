"""The same servers on several Pythons: what a table of one scenario and family says about each implementation."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from upecho.report.page.model.page import Measured, Section, Table

NUMBERS = re.compile(r"(\d+)")


@dataclass(frozen=True)
class Across:
    """The servers of a table, arranged by what ran them.

    Attributes:
        table: The table.
        pythons: Versions of the Pythons, the oldest first, each with its free-threaded build beside it.
        servers: For each target, its line of the table on each of these Pythons; None where it has no figures.
    """

    table: Table
    pythons: tuple[str, ...]
    servers: dict[str, tuple[Measured | None, ...]]


def across(section: Section) -> Sequence[Across]:
    """Return what each table of a section says about several Pythons; nothing if it has one only."""
    return [_across(table) for table in section.tables if len({one.server.python for one in _warm(table)}) > 1]


def _across(table: Table) -> Across:
    found = {(one.server.target, one.server.python): one for one in _warm(table)}
    pythons = tuple(sorted({python for _, python in found}, key=in_numeric_order))
    targets = dict.fromkeys(target for target, _ in found)
    return Across(table, pythons, {one: tuple(found.get((one, python)) for python in pythons) for one in targets})


def _warm(table: Table) -> list[Measured]:
    return [one for one in table.measured if not one.server.cold]


def in_numeric_order(text: str) -> list[tuple[int, str]]:
    """Return a key that puts 3.9 before 3.10."""
    return [(int(part) if part.isdecimal() else 0, part) for part in NUMBERS.split(text)]
