"""What a run of the conformance suite came to, with the sum at the end, where a terminal stops.

Knows nothing of how the verdicts came about.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from upecho.conformance.check import Check
from upecho.conformance.run.outcome import LABEL_WIDTH, Outcome
from upecho.net.address import Family
from upecho.report.conformance.counts import counts
from upecho.report.conformance.marks import Mark, summary
from upecho.report.conformance.matrix import Matrix
from upecho.report.conformance.recorded import recorded
from upecho.report.layout import GAP, cut
from upecho.support.text import plural

ORDER = [family.value for family in Family]
REPEAT = "repeat"
TIME = re.compile(r" *\d+\.\d+ s  ")  # with which an event begins
NOTED = {Mark.KNOWN: "KNOWN", Mark.FLAKY: "FLAKY"}
HEADS = {Mark.FAILED: "FAILED", Mark.FAILED_SHOULD: "FAILED SHOULD", Mark.ERROR: "ERROR"}


def verdicts(
    outcomes: Sequence[Outcome], checks: Sequence[Check], targets: Sequence[str], due: int, width: int
) -> RenderableType:
    """Return what to show in ``width`` columns; checks and targets say the order, outcomes come in any.

    It is to be printed without cropping: one line of each failure may be longer.
    """
    ranks = {check.id: rank for rank, check in enumerate(checks)}
    ordered = sorted(outcomes, key=lambda one: (targets.index(one.target), ranks[one.check], ORDER.index(one.family)))
    return Group(*_parts(ordered, checks, width), Text(summary(ordered, due)))


def _parts(outcomes: Sequence[Outcome], checks: Sequence[Check], width: int) -> Iterator[RenderableType]:
    if not outcomes:
        return
    families = [family for family in ORDER if any(one.family == family for one in outcomes)]
    yield from Matrix(outcomes, checks, families).lines(width)
    yield Text()
    yield from recorded(outcomes, width)
    groups = defaultdict(list)
    for one in outcomes:
        groups[one.target, one.check, Mark.of(one)].append(one)
    yield from (_explanation(same, HEADS[mark]) for (*_, mark), same in groups.items() if mark in HEADS)
    notes = [_reason(same, mark, width) for (*_, mark), same in groups.items() if mark in NOTED]
    notes += _declared(outcomes, width)
    yield from notes
    if notes:
        yield Text()
    yield from counts(outcomes, families, width)


def _explanation(same: Sequence[Outcome], head: str) -> RenderableType:
    """Return the detail of the first of several families, with wrapped lines below their text."""
    lines = [(line[:LABEL_WIDTH].strip(), line[LABEL_WIDTH:]) for line in same[0].detail.splitlines()]
    width = max((len(label) for label, _ in lines), default=0)
    rows = Table.grid(padding=(0, GAP))
    rows.add_column(min_width=width)
    for label, text in lines:
        if label != REPEAT:
            rows.add_row(Text(label, "bold"), _event(text))
    whole = (_unbroken(label.ljust(width), text) for label, text in lines if label == REPEAT)
    return Group(Text(f"{head}  {_where(same)}", Mark.of(same[0]).style), rows, *whole, "")


def _event(line: str) -> RenderableType:
    """Return a line of a detail; if a time stands before it, then wrapped lines stand beside, not below that."""
    if not (time := TIME.match(line)):
        return Text(line)
    event = Table.grid()
    event.add_column(no_wrap=True)
    event.add_row(Text(time[0]), Text(line[time.end() :]))
    return event


def _unbroken(label: str, command: str) -> Text:
    """Return a line that only the terminal itself wraps: it is there to be pasted."""
    return Text.assemble((label, "bold"), " " * GAP, command, no_wrap=True, overflow="ignore")


def _reason(same: Sequence[Outcome], mark: Mark, width: int) -> Text:
    """Return one line about a known failure; its file has the rest of a long reason."""
    head = f"{NOTED[mark]}  "
    return Text(head + cut(f"{_where(same)}: {same[0].known}", width - len(head)), mark.style, no_wrap=True)


def _declared(outcomes: Sequence[Outcome], width: int) -> Iterator[Text]:
    """Yield a line for each thing that a target declares not to do: what, and how many checks ask for it."""
    checks = defaultdict(set)
    for one in outcomes:
        if Mark.of(one) is Mark.UNSUPPORTED:
            checks[one.target, one.detail.partition(";")[0]].add(one.check)
    for (target, reason), ids in checks.items():
        head, count = "UNSUPPORTED  ", f": {plural(len(ids), 'check')}"
        line = head + cut(f"{target}: {reason}", width - len(head) - len(count)) + count
        yield Text(line, Mark.UNSUPPORTED.style, no_wrap=True)


def _where(same: Sequence[Outcome]) -> str:
    return f"{same[0].check}: {same[0].target} over {', '.join(one.family for one in same)}"
