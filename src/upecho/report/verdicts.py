"""What a run of the conformance suite came to, with the sum at the end, where a terminal stops.

Knows nothing of how the verdicts came about.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from upecho.address import Family
from upecho.conformance.levels import Check
from upecho.conformance.verdicts import LABEL_WIDTH, Outcome
from upecho.report.counts import counts
from upecho.report.layout import cut
from upecho.report.marks import Mark, summary
from upecho.report.matrix import Matrix
from upecho.report.recorded import recorded

ORDER = [family.value for family in Family]
HEADS = {Mark.FAILED: "FAILED", Mark.FAILED_SHOULD: "FAILED SHOULD", Mark.ERROR: "ERROR"}


def verdicts(
    outcomes: Sequence[Outcome], checks: Sequence[Check], targets: Sequence[str], due: int, width: int
) -> RenderableType:
    """Return what to show in ``width`` columns; checks and targets say the order, outcomes come in any."""
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
    known = [_reason(same, width) for (*_, mark), same in groups.items() if mark is Mark.KNOWN]
    yield from known
    if known:
        yield Text()
    yield from counts(outcomes, families, width)


def _explanation(same: Sequence[Outcome], head: str) -> RenderableType:
    """Return the detail of the first of several families, with wrapped lines below their text."""
    rows = Table.grid(padding=(0, 2))
    for line in same[0].detail.splitlines():
        rows.add_row(Text(line[:LABEL_WIDTH].strip(), "bold"), Text(line[LABEL_WIDTH:]))
    return Group(Text(f"{head}  {_where(same)}", Mark.of(same[0]).style), rows, "")


def _reason(same: Sequence[Outcome], width: int) -> Text:
    """Return one line about a known failure; its file has the rest of a long reason."""
    head = "KNOWN  "
    return Text(head + cut(f"{_where(same)}: {same[0].known}", width - len(head)), Mark.KNOWN.style, no_wrap=True)


def _where(same: Sequence[Outcome]) -> str:
    return f"{same[0].check}: {same[0].target} over {', '.join(one.family for one in same)}"
