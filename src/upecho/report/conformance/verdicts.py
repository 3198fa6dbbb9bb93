"""Renders a run of the conformance suite; the totals come last, where a terminal stops scrolling."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from upecho.conformance.check import Check
from upecho.conformance.findings import Event
from upecho.conformance.run import explaining
from upecho.conformance.run.outcome import Outcome
from upecho.net.address import Family
from upecho.report.conformance.counts import counts
from upecho.report.conformance.marks import Mark, summary
from upecho.report.conformance.matrix import Matrix
from upecho.report.conformance.recorded import recorded
from upecho.report.layout import GAP, cut
from upecho.support.text import plural

ORDER = list(Family)
NOTED = {Mark.KNOWN: "KNOWN", Mark.FLAKY: "FLAKY"}
HEADS = {
    Mark.FAILED: "FAILED",
    Mark.FAILED_SHOULD: "FAILED SHOULD",
    Mark.NOT_RUN: "NOT RUN",
    Mark.ERROR: "ERROR",
}


def verdicts(
    outcomes: Sequence[Outcome], checks: Sequence[Check], targets: Sequence[str], *, due: int, width: int
) -> RenderableType:
    """Return the report on a run.

    The report has to be printed without cropping, because the command that repeats a failed check is never wrapped.

    Args:
        outcomes: The outcomes, in any order.
        checks: The selected checks, in the order in which the report shows them.
        targets: The targets, in the order in which the report shows them.
        due: Number of verdicts of a complete run.
        width: Width of the report in columns.
    """
    ranks = {check.id: rank for rank, check in enumerate(checks)}
    ordered = sorted(outcomes, key=lambda one: (targets.index(one.target), ranks[one.check], ORDER.index(one.family)))
    return Group(*_parts(ordered, checks, width), Text(summary(ordered, due)))


def _parts(outcomes: Sequence[Outcome], checks: Sequence[Check], width: int) -> Iterator[RenderableType]:
    if not outcomes:
        return
    families = [family for family in ORDER if any(one.family is family for one in outcomes)]
    yield from Matrix(outcomes, checks, families).lines(width)
    yield Text()
    yield from recorded(outcomes, width)
    groups = defaultdict(list)
    for one in outcomes:
        groups[one.target, one.check, Mark.of(one)].append(one)
    by_id = {check.id: check for check in checks}
    yield from (_explained(same, by_id[id_], mark) for (_, id_, mark), same in groups.items() if mark in HEADS)
    notes = [_reason(same, mark, width) for (*_, mark), same in groups.items() if mark in NOTED]
    notes += _unsupported(outcomes, width)
    yield from notes
    if notes:
        yield Text()
    yield from counts(outcomes, families, width)


def _explained(same: Sequence[Outcome], check: Check, mark: Mark) -> RenderableType:
    """Return the explanation of the first of several families; wrapped lines continue below their text."""
    first = same[0]
    lines = list(explaining.lines(check, first))
    width = max(len(label) for label in (explaining.REPEAT, *(label for label, _ in lines)))
    rows = Table.grid(padding=(0, GAP))
    rows.add_column(min_width=width)
    for label, content in lines:
        rows.add_row(Text(label, "bold"), _content(content))
    repeat = [_unwrapped(explaining.REPEAT.ljust(width), first.explanation.repeat)] if first.explanation else []
    return Group(Text(f"{HEADS[mark]}  {_where(same)}", mark.style), rows, *repeat, "")


def _content(content: str | Event) -> RenderableType:
    """Return the content of a line; the wrapped lines of an event continue beside its time, not below it."""
    if isinstance(content, str):
        return Text(content)
    event = Table.grid()
    event.add_column(no_wrap=True)
    event.add_row(Text(explaining.time_of(content)), Text(content.text))
    return event


def _unwrapped(label: str, command: str) -> Text:
    """Return a line that only the terminal itself wraps, so that its text can be copied and pasted."""
    return Text.assemble((label, "bold"), " " * GAP, command, no_wrap=True, overflow="ignore")


def _reason(same: Sequence[Outcome], mark: Mark, width: int) -> Text:
    """Return one line about a known failure; the file of known failures contains the whole reason."""
    head = f"{NOTED[mark]}  "
    return Text(head + cut(f"{_where(same)}: {same[0].known}", width - len(head)), mark.style, no_wrap=True)


def _unsupported(outcomes: Sequence[Outcome], width: int) -> Iterator[Text]:
    """Yield a line for each limitation that a target declares, with the number of checks that it concerns."""
    checks = defaultdict(set)
    for one in outcomes:
        if Mark.of(one) is Mark.UNSUPPORTED:
            checks[one.target, one.unsupported].add(one.check)
    for (target, reason), ids in checks.items():
        head, count = "UNSUPPORTED  ", f": {plural(len(ids), 'check')}"
        line = head + cut(f"{target}: {reason}", width - len(head) - len(count)) + count
        yield Text(line, Mark.UNSUPPORTED.style, no_wrap=True)


def _where(same: Sequence[Outcome]) -> str:
    return f"{same[0].check}: {same[0].target} over {', '.join(one.family for one in same)}"
