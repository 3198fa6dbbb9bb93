"""The verdicts of the conformance suite as a table, the failures in full, and one line that sums up.

Knows nothing of how they came about.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from upecho.address import Family
from upecho.conformance.verdicts import LABEL_WIDTH, Outcome, Verdict

ORDER = [family.value for family in Family]
GAP = 3  # columns between two columns of the table
NARROWEST = 12  # to which a name may be cut
STYLES = {
    Verdict.PASSED: "green",
    Verdict.FAILED: "bold red",
    Verdict.UNSUPPORTED: "yellow",
    Verdict.ERROR: "bold magenta",
}


def verdicts(outcomes: Sequence[Outcome], due: int, width: int) -> RenderableType:
    """Return what to show in ``width`` columns: what went wrong, a table of targets and families, the sum."""
    wrong = defaultdict(list)
    for one in sorted(outcomes, key=lambda one: ORDER.index(one.family)):
        if one.verdict in (Verdict.FAILED, Verdict.ERROR):
            wrong[one.target, one.check, one.verdict].append(one)
    return Group(
        *(_explanation(same) for same in wrong.values()), _table(outcomes, width - GAP), Text(summary(outcomes, due))
    )


def summary(outcomes: Sequence[Outcome], due: int) -> str:
    """Return how many checks were due, and how many of them came to which verdict."""
    counts = Counter(one.verdict for one in outcomes)
    parts = ", ".join(f"{counts[verdict]} {verdict.value}" for verdict in Verdict)
    return f"{due} check{'s' if due != 1 else ''} due: {parts}"


def _table(outcomes: Sequence[Outcome], room: int) -> Table:
    targets = list(dict.fromkeys(one.target for one in outcomes))
    families = [family for family in ORDER if any(one.family == family for one in outcomes)]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("target", no_wrap=True)
    rows = [[_cell(outcomes, target, family) for family in families] for target in targets]
    for family, column in zip(families, zip(*rows, strict=True), strict=True):
        table.add_column(family, no_wrap=True)
        room -= max(len(family), *(cell.cell_len for cell in column)) + GAP
    table.columns[0].max_width = max(room, NARROWEST)  # a long name gives way, not a verdict
    for target, cells in zip(targets, rows, strict=True):
        table.add_row(Text(target), *cells)
    return table


def _cell(outcomes: Sequence[Outcome], target: str, family: str) -> Text:
    """Return the worst verdict, and of how many checks it is the verdict."""
    counts = Counter(one.verdict for one in outcomes if (one.target, one.family) == (target, family))
    for verdict in (Verdict.ERROR, Verdict.FAILED):
        if counts[verdict]:
            return Text(f"{counts[verdict]}/{counts.total()} {verdict.value}", STYLES[verdict])
    parts = [Text(f"{counts[verdict]} {verdict.value}", STYLES[verdict]) for verdict in Verdict if counts[verdict]]
    return Text(", ").join(parts)


def _explanation(same: Sequence[Outcome]) -> RenderableType:
    """Return the detail of the first of several families, with wrapped lines below their text."""
    first, families = same[0], ", ".join(one.family for one in same)
    head = f"{first.verdict.value.upper()}  {first.check}: {first.target} over {families}"
    rows = Table.grid(padding=(0, 2))
    for line in first.detail.splitlines():
        rows.add_row(Text(line[:LABEL_WIDTH].strip(), "bold"), Text(line[LABEL_WIDTH:]))
    return Group(Text(head, STYLES[first.verdict]), rows, "")
