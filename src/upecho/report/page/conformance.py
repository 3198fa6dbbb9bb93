"""Turns verdict files into the matrix of a page, the reasons behind its cells, and what INFO checks recorded."""

from collections.abc import Iterator, Sequence

from upecho.conformance.check import Level
from upecho.conformance.run.verdicts.document import Document
from upecho.conformance.run.verdicts.outcome import Outcome, Verdict
from upecho.net.address import Family
from upecho.report.conformance.marks import Mark
from upecho.report.page import identities
from upecho.report.page.conformance_model import (
    Cell,
    CheckRow,
    Column,
    Conformance,
    Detail,
    Record,
    RecordedValue,
)
from upecho.report.page.divergence import divergences

Key = tuple[str, str]  # a target and the Python that ran it


def conformance(documents: Sequence[Document]) -> Conformance | None:
    """Return what a page shows of verdicts; None if there are none.

    Args:
        documents: Documents in which no target occurs twice with one Python.
    """
    if not documents:
        return None
    outcomes = [(document.python, one) for document in documents for one in document.verdicts]
    details = _Details()
    cells: dict[tuple[str, Key], list[Cell]] = {}
    for python, one in outcomes:
        cells.setdefault((one.check, (one.target, python)), []).append(details.cell(one, python))
    checks = {id_: one for document in documents for id_, one in document.checks.items()}
    keys = list(dict.fromkeys((one.target, python) for python, one in outcomes))
    families = list(dict.fromkeys(one.family for _, one in outcomes))
    marks = {Mark.of(one) for _, one in outcomes}
    return Conformance(
        checks=tuple(CheckRow(id_, one.topic, one.level, one.requirement, one.source) for id_, one in checks.items()),
        columns=tuple(_column(key, outcomes) for key in keys),
        families=tuple(families),
        cells=tuple(tuple(_ordered(cells.get((id_, key), []), families) for key in keys) for id_ in checks),
        marks=tuple((mark.character, mark.meaning) for mark in Mark if mark in marks),
        details=details.all(),
        records=tuple(_records(outcomes, keys)),
        divergences=divergences(documents),
        verdicts=len(outcomes),
    )


def _ordered(cells: Sequence[Cell], families: Sequence[Family]) -> tuple[Cell, ...]:
    return tuple(sorted(cells, key=lambda cell: families.index(cell.family)))


def _column(key: Key, outcomes: Sequence[tuple[str, Outcome]]) -> Column:
    target, python = key
    failed = {one.check for other, one in outcomes if (one.target, other) == key and failed_must(one)}
    return Column(target, *identities.parts(target), python=python, failed=len(failed))


def failed_must(outcome: Outcome) -> bool:
    """Whether a target did not pass a MUST check, known or not."""
    return outcome.level is Level.MUST and outcome.verdict in (Verdict.FAILED, Verdict.NOT_RUN)


class _Details:
    """Collects the reasons behind cells, each once."""

    def __init__(self) -> None:
        self._found: dict[object, list[tuple[Outcome, str]]] = {}

    def cell(self, outcome: Outcome, python: str) -> Cell:
        mark = Mark.of(outcome)
        if mark is Mark.PASSED:
            return Cell(outcome.family, mark.character, mark.meaning, detail=None)
        key = _reason_key(outcome, python)
        self._found.setdefault(key, []).append((outcome, python))
        return Cell(outcome.family, mark.character, mark.meaning, detail=list(self._found).index(key))

    def all(self) -> tuple[Detail, ...]:
        return tuple(map(_detail, self._found.values()))


def _reason_key(outcome: Outcome, python: str) -> tuple[object, ...]:
    """Return what cells have in common that share a detail; each check that was run has one of its own."""
    common = (outcome.target, python, Mark.of(outcome), outcome.known)
    if reason := outcome.cause or outcome.unsupported:
        return *common, reason
    return *common, outcome.check, outcome.family


def _detail(same: Sequence[tuple[Outcome, str]]) -> Detail:
    first, python = same[0]
    was_run = not (first.cause or first.unsupported)
    return Detail(
        first.target,
        python,
        checks=tuple(dict.fromkeys(one.check for one, _ in same)),
        families=tuple(dict.fromkeys(one.family for one, _ in same)),
        meaning=Mark.of(first).meaning,
        reason=first.cause or first.unsupported,
        explanation=first.explanation if was_run else None,
        fault=first.fault,
        known=first.known,
    )


def _records(outcomes: Sequence[tuple[str, Outcome]], keys: Sequence[Key]) -> Iterator[Record]:
    """Yield the observations of each INFO check, those with different units apart."""
    found: dict[tuple[str, str], list[RecordedValue]] = {}
    for python, one in outcomes:
        if one.recorded:
            column = keys.index((one.target, python))
            value = RecordedValue(column, one.family, one.recorded.value, one.recorded.text)
            found.setdefault((one.check, one.recorded.unit), []).append(value)
    for (check, unit), values in found.items():
        yield Record(check, unit, tuple(values))
