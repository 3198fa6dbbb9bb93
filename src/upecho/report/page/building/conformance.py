"""Turns verdict files into the matrix of a page, the reasons behind its cells, and what INFO checks recorded."""

from collections.abc import Iterator, Mapping, Sequence

from upecho.conformance.check import Level
from upecho.conformance.run.verdicts.document import Document
from upecho.conformance.run.verdicts.outcome import Outcome, Verdict
from upecho.net.address import Family
from upecho.report.conformance.causes import VARYING, cause, note
from upecho.report.conformance.marks import Mark
from upecho.report.page.building import identities
from upecho.report.page.building.divergence import divergences, is_failure
from upecho.report.page.model.conformance import (
    Cell,
    CheckRow,
    Column,
    Conformance,
    Detail,
    Record,
    RecordedValue,
    Subject,
)

Judged = tuple[Subject, Outcome]
Cells = tuple[tuple[Cell, ...], ...]  # of one column, one tuple for each check


def conformance(documents: Sequence[Document]) -> Conformance | None:
    """Return what a page shows of verdicts; None if there are none.

    Args:
        documents: Documents in which no target occurs twice with one Python.
    """
    if not documents:
        return None
    judged = [(identities.subject(one.target, file.python), one) for file in documents for one in file.verdicts]
    checks = {id_: one for file in documents for id_, one in file.checks.items()}
    families = list(dict.fromkeys(one.family for _, one in judged))
    details = _Details()
    columns = _merged(_columns(judged, list(checks), families=families, details=details))
    marks, failed = {_mark(one) for _, one in judged}, _failed(judged)
    return Conformance(
        checks=tuple(CheckRow(id_, one.topic, one.level, one.requirement, one.source) for id_, one in checks.items()),
        columns=tuple(Column(subjects, failed=len(failed[subjects[0]])) for subjects, _ in columns),
        families=tuple(families),
        cells=tuple(zip(*(cells for _, cells in columns), strict=True)) or tuple(() for _ in checks),
        marks=tuple((mark.character, mark.meaning) for mark in Mark if mark in marks),
        details=details.all(),
        records=tuple(_records(judged)),
        divergences=divergences(documents),
        verdicts=len(judged),
    )


def _columns(
    judged: Sequence[Judged], checks: Sequence[str], *, families: Sequence[Family], details: "_Details"
) -> dict[Subject, Cells]:
    """Return the cells of each target and Python, for each check in the order of the families."""
    found: dict[Subject, dict[str, list[Cell]]] = {}
    for subject, one in judged:
        found.setdefault(subject, {}).setdefault(one.check, []).append(details.cell(subject, one))

    def ordered(cells: Sequence[Cell]) -> tuple[Cell, ...]:
        return tuple(sorted(cells, key=lambda cell: families.index(cell.family)))

    return {subject: tuple(ordered(cells.get(check, [])) for check in checks) for subject, cells in found.items()}


def _merged(columns: Mapping[Subject, Cells]) -> list[tuple[tuple[Subject, ...], Cells]]:
    """Return the columns of the matrix: the Pythons on which a target has the same cells share one."""
    found: dict[tuple[str, Cells], list[Subject]] = {}
    for subject, cells in columns.items():
        found.setdefault((subject.target, cells), []).append(subject)
    return [(tuple(subjects), cells) for (_, cells), subjects in found.items()]


def _failed(judged: Sequence[Judged]) -> dict[Subject, set[str]]:
    """Return the MUST checks that each target failed over some family."""
    found: dict[Subject, set[str]] = {}
    for subject, one in judged:
        found.setdefault(subject, set()).update([one.check] if one.level is Level.MUST and is_failure(one) else [])
    return found


def _mark(outcome: Outcome) -> Mark:
    """Return the mark of an outcome; a check that was not run is no failure, even if the reason for that is known."""
    return Mark.NOT_RUN if outcome.verdict is Verdict.NOT_RUN else Mark.of(outcome)


class _Details:
    """Collects the reasons behind cells, each once."""

    def __init__(self) -> None:
        self._found: dict[tuple[object, ...], list[Judged]] = {}
        self._numbers: dict[tuple[object, ...], int] = {}

    def cell(self, subject: Subject, outcome: Outcome) -> Cell:
        mark = _mark(outcome)
        if mark is Mark.PASSED:
            return Cell(outcome.family, mark.character, mark.meaning, detail=None)
        key = _reason_key(outcome)
        self._found.setdefault(key, []).append((subject, outcome))
        number = self._numbers.setdefault(key, len(self._numbers))
        return Cell(outcome.family, mark.character, mark.meaning, detail=number)

    def all(self) -> tuple[Detail, ...]:
        return tuple(map(detail, self._found.values()))


def _reason_key(outcome: Outcome) -> tuple[object, ...]:
    """Return what cells have in common that share a detail.

    Reasons are the same if they differ in numbers, paths and bytes only. A check that was run shares its detail with
    the same check over other families and on other Pythons.
    """
    common = (outcome.target, _mark(outcome), outcome.known)
    if reason := outcome.cause or outcome.unsupported:
        return *common, VARYING.sub("#", reason)
    return *common, outcome.check, cause(outcome), note(outcome)


def detail(same: Sequence[Judged]) -> Detail:
    """Return why outcomes are not passes that have the same reason, of which there is at least one."""
    _, first = same[0]
    was_run = not (first.cause or first.unsupported)
    return Detail(
        first.target,
        pythons=tuple(dict.fromkeys(subject.python for subject, _ in same)),
        checks=tuple(dict.fromkeys(one.check for _, one in same)),
        families=tuple(dict.fromkeys(one.family for _, one in same)),
        meaning=_mark(first).meaning,
        reason=first.cause or first.unsupported,
        explanation=first.explanation if was_run else None,
        fault=first.fault,
        known=first.known,
        link=first.link,
    )


def _records(judged: Sequence[Judged]) -> Iterator[Record]:
    """Yield the observations of each INFO check, those with different units apart."""
    found: dict[tuple[str, str], list[RecordedValue]] = {}
    for subject, one in judged:
        if one.recorded:
            value = RecordedValue(subject, one.family, one.recorded.value, one.recorded.text)
            found.setdefault((one.check, one.recorded.unit), []).append(value)
    for (check, unit), values in found.items():
        yield Record(check, unit, tuple(values))
