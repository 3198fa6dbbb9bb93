"""Lays out what a page shows of verdicts."""

from collections.abc import Iterator, Mapping, Sequence

from rich.text import Text

from upecho.report.layout import packed
from upecho.report.page import columns
from upecho.report.page.counts import Counts, count_text, counts
from upecho.report.page.failures import Failures, Reason, failures
from upecho.report.page.model.conformance import Conformance, Divergence, Record
from upecho.report.page.text.lines import INDENT, grid, paragraph, subheading, without_kind
from upecho.support.text import plural

MAX_CHECKS = 8  # ids of checks in a sentence; the others are counted
PYTHONS_WIDTH = 24  # characters of the Pythons of a target


def matrix(found: Conformance, width: int) -> Iterator[Text]:
    """Yield how many checks each target passed; over each family where there is room."""
    summary = f"{plural(len(found.checks), 'check')}, {plural(found.verdicts, 'verdict')}"
    yield from paragraph(f"{summary}: how many of all passed, and the number of each other mark", width)
    yield from packed([Text(f"{mark} {meaning}", "dim") for mark, meaning in found.marks], width)
    yield Text()
    several = len(found.families) > 1
    kind, names = without_kind({one.python for column in found.columns for one in column.subjects})
    heads = ["target", kind or "Python", *(["all families"] if several else []), *found.families]
    rows = [_row(one, names, several_families=several) for one in counts(found)]
    yield from grid(heads, rows, width, required=3, texts=len(heads))
    yield Text()


def _row(one: Counts, names: Mapping[str, str], *, several_families: bool) -> list[str]:
    families = [count_text(marks) for marks in one.marks]
    total = [count_text(sum(one.marks[1:], one.marks[0]))] if several_families else []
    pythons = ", ".join(names[python] for python in one.pythons)
    short = pythons if len(pythons) <= PYTHONS_WIDTH else f"{len(one.pythons)} versions"
    return [one.target, short, *total, *families]


def recorded(found: Conformance, record: Record, width: int) -> Iterator[Text]:
    """Yield the table of what an INFO check observed, a row for each target and a column for each family."""
    values, families = {(one.subject, one.family): one for one in record.values}, found.families
    rows = [
        [subject.target, subject.python, *(columns.observed(values.get((subject, family))) for family in families)]
        for subject in dict.fromkeys(one.subject for one in record.values)
    ]
    yield subheading(columns.record_title(record))
    yield from grid(["target", "Python", *families], rows, width, required=len(families) + 2, texts=2)
    yield Text()


def divergence(found: Conformance, width: int) -> Iterator[Text]:
    """Yield what failed on each event loop, framework and other server."""
    yield from paragraph(found.without_failures, width)
    for one in found.divergences:
        if not one.is_clean:
            yield Text()
            yield from _diverging(one, failures(found, one), width)
    yield Text()


def _diverging(one: Divergence, failed: Sequence[Failures], width: int) -> Iterator[Text]:
    yield subheading(one.title)
    for reason in one.unusable:
        yield from paragraph(f"not checked: {reason}", width, indent=INDENT, style="red")
    for same in failed:
        known = f" Known: {'; '.join(map(_reason, same.known))}." if same.known else ""
        yield from paragraph(f"{_named(same.checks)}: {same.where}.{known}", width, indent=INDENT)


def _reason(one: Reason) -> str:
    return f"{one.text} ({one.link})" if one.link else one.text


def _named(checks: Sequence[str]) -> str:
    more = f" and {len(checks) - MAX_CHECKS} more" if len(checks) > MAX_CHECKS else ""
    return ", ".join(checks[:MAX_CHECKS]) + more
