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
STYLES = {
    Verdict.PASSED: "green",
    Verdict.FAILED: "bold red",
    Verdict.UNSUPPORTED: "yellow",
    Verdict.ERROR: "bold magenta",
}


def verdicts(outcomes: Sequence[Outcome], due: int) -> RenderableType:
    """Return what to show: a row for each target, a column for each family, then what went wrong, then the sum."""
    wrong = defaultdict(list)
    for one in sorted(outcomes, key=lambda one: ORDER.index(one.family)):
        if one.verdict in (Verdict.FAILED, Verdict.ERROR):
            wrong[one.target, one.check, one.verdict].append(one)
    return Group(*(_explanation(same) for same in wrong.values()), _table(outcomes), Text(summary(outcomes, due)))


def summary(outcomes: Sequence[Outcome], due: int) -> str:
    """Return how many checks were due, and how many of them came to which verdict."""
    counts = Counter(one.verdict for one in outcomes)
    parts = ", ".join(f"{counts[verdict]} {verdict.value}" for verdict in Verdict)
    return f"{due} check{'s' if due != 1 else ''} due: {parts}"


def _table(outcomes: Sequence[Outcome]) -> Table:
    families = [family for family in ORDER if any(one.family == family for one in outcomes)]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("target", no_wrap=True)
    for family in families:
        table.add_column(family, no_wrap=True)
    for target in dict.fromkeys(one.target for one in outcomes):
        own = [one for one in outcomes if one.target == target]
        table.add_row(Text(target), *(_cell([one for one in own if one.family == family]) for family in families))
    return table


def _cell(outcomes: Sequence[Outcome]) -> Text:
    """Return the worst verdict, and of how many checks it is the verdict."""
    counts = Counter(one.verdict for one in outcomes)
    for verdict in (Verdict.ERROR, Verdict.FAILED):
        if counts[verdict]:
            return Text(f"{counts[verdict]}/{len(outcomes)} {verdict.value}", STYLES[verdict])
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
