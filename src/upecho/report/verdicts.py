"""The verdicts of the conformance suite as a table, the failures in full, and one line that sums up.

Knows nothing of how they came about.
"""

from collections import Counter
from collections.abc import Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from upecho.conformance.verdicts import Outcome, Verdict

STYLES = {
    Verdict.PASSED: "green",
    Verdict.FAILED: "bold red",
    Verdict.UNSUPPORTED: "yellow",
    Verdict.ERROR: "bold magenta",
}


def verdicts(outcomes: Sequence[Outcome], due: int) -> RenderableType:
    """Return what to show: a row for each target, a column for each family, then what went wrong, then the sum."""
    wrong = [one for one in outcomes if one.verdict in (Verdict.FAILED, Verdict.ERROR)]
    return Group(*(_explanation(one) for one in wrong), _table(outcomes), Text(summary(outcomes, due)))


def summary(outcomes: Sequence[Outcome], due: int) -> str:
    """Return how many checks were due, and how many of them came to which verdict."""
    counts = Counter(one.verdict for one in outcomes)
    parts = ", ".join(f"{counts[verdict]} {verdict.value}" for verdict in Verdict)
    return f"{due} checks due: {parts}"


def _table(outcomes: Sequence[Outcome]) -> Table:
    families = list(dict.fromkeys(one.family for one in outcomes))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("target", no_wrap=True)
    for family in families:
        table.add_column(family, no_wrap=True)
    for target in dict.fromkeys(one.target for one in outcomes):
        own = [one for one in outcomes if one.target == target]
        table.add_row(
            Text(target), *(_cell([one for one in own if one.family == family]) for family in families)
        )
    return table


def _cell(outcomes: Sequence[Outcome]) -> Text:
    counts = Counter(one.verdict for one in outcomes)
    parts = [
        Text(f"{counts[verdict]} {verdict.value}", STYLES[verdict]) for verdict in Verdict if counts[verdict]
    ]
    return Text(", ").join(parts)


def _explanation(outcome: Outcome) -> Text:
    head = f"{outcome.verdict.value.upper()}  {outcome.check}: {outcome.target} over {outcome.family}"
    return Text.assemble((head, STYLES[outcome.verdict]), "\n", outcome.detail, "\n")
