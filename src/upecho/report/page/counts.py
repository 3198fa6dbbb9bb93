"""The conformance matrix in few words: how many checks each target passed over each family."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from upecho.net.address import Family
from upecho.report.conformance.marks import Mark
from upecho.report.page.model.conformance import Cell, Conformance


@dataclass(frozen=True)
class Counts:
    """A target, with how many of its verdicts have each mark.

    Attributes:
        target: The target as the user named it.
        pythons: Versions of the Pythons on which its verdicts are the same.
        marks: The marks over each family, in the order of the families of the page, each with its number.
    """

    target: str
    pythons: tuple[str, ...]
    marks: tuple[Counter[str], ...]


def counts(found: Conformance) -> Iterator[Counts]:
    """Yield the counts of each target."""
    for number, column in enumerate(found.columns):
        cells = [cell for row in found.cells for cell in row[number]]
        pythons = tuple(one.python for one in column.subjects)
        marks = tuple(_marks(cells, family) for family in found.families)
        yield Counts(column.subjects[0].target, pythons, marks)


def _marks(cells: Sequence[Cell], family: Family) -> Counter[str]:
    return Counter(cell.mark for cell in cells if cell.family == family)


def count_text(marks: Counter[str]) -> str:
    """Return how many of all checks passed, and the number of each other mark: ``70/73 2F 1u``; empty without any."""
    if not marks:
        return ""
    others = [f"{marks[mark.character]}{mark.character}" for mark in Mark if marks[mark.character]]
    passed = marks[Mark.PASSED.character]
    return " ".join([f"{passed}/{marks.total()}", *(others[1:] if passed else others)])
