"""Writes what a Markdown page shows of verdicts: counts, what INFO checks recorded, and where each loop diverges."""

from collections.abc import Iterator

from upecho.report.markdown import code, details, escaped, link, table
from upecho.report.page import columns
from upecho.report.page.counts import count_text, counts
from upecho.report.page.failures import Failures, Reason, failures
from upecho.report.page.markdown.tables import folded, grid, listed
from upecho.report.page.model.conformance import Conformance, Divergence, Record
from upecho.support.text import plural


def matrix(found: Conformance) -> Iterator[str]:
    """Yield how many checks each target passed over each family."""
    shown = list(counts(found))
    yield (
        f"{plural(len(found.checks), 'check')}, {plural(found.verdicts, 'verdict')}. "
        f"{', '.join(f'{code(mark)} {escaped(meaning)}' for mark, meaning in found.marks)}."
    )
    yield ""
    rows = [
        [code(one.target), escaped(", ".join(one.pythons)), *(escaped(count_text(marks)) for marks in one.marks)]
        for one in shown
    ]
    lines = table(["target", "Python", *found.families], rows)
    yield from folded("Passed checks, of all, and the number of other marks", lines, count=len(rows), noun="row")


def recorded(found: Conformance, record: Record) -> Iterator[str]:
    """Yield the table of what an INFO check observed, a row for each target and a column for each family."""
    values, families = {(one.subject, one.family): one for one in record.values}, found.families
    rows = [
        [subject.target, subject.python, *(columns.observed(values.get((subject, family))) for family in families)]
        for subject in dict.fromkeys(one.subject for one in record.values)
    ]
    yield from grid(columns.record_title(record), ["target", "Python", *families], rows)


def divergence(found: Conformance) -> Iterator[str]:
    """Yield what failed on each event loop, framework and other server."""
    yield escaped(found.without_failures)
    yield ""
    for one in found.divergences:
        if not one.is_clean:
            yield from _diverging(one, failures(found, one))


def _diverging(one: Divergence, failed: tuple[Failures, ...]) -> Iterator[str]:
    lines = list(listed([f"not checked: {reason}" for reason in one.unusable]))
    if failed:
        lines += table(["check", "failed by", "known because"], map(_row, failed))
    yield from details(one.title, lines)


def _row(failed: Failures) -> list[str]:
    return [", ".join(map(code, failed.checks)), escaped(failed.where), "; ".join(map(_reason, failed.known))]


def _reason(one: Reason) -> str:
    return link(escaped(one.text), one.link) if one.link else escaped(one.text)
