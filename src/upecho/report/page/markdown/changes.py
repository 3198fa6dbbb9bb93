"""Writes what changed since earlier runs: what got worse first, and both sides of each figure."""

from collections.abc import Iterator, Sequence

from upecho.conformance.run.verdicts.changes import BASE, NEW
from upecho.report.markdown import block, code, details, escaped, table
from upecho.report.page import columns
from upecho.report.page.markdown.tables import folded, listed
from upecho.report.page.model.changes import (
    CostComparison,
    Fact,
    NotCompared,
    PageChanges,
    ScenarioChanges,
    VerdictComparison,
    Worsening,
)


def changes(found: PageChanges) -> Iterator[str]:
    """Yield all comparisons, those of verdicts first."""
    for verdicts in found.verdicts:
        yield from _heading("Verdicts", verdicts)
        yield from _verdicts(verdicts)
        yield from _facts(verdicts.facts)
    for costs in found.costs:
        yield from _heading("Costs", costs)
        yield from _costs(costs)
        yield from _facts(costs.facts)


def _heading(kind: str, one: CostComparison | VerdictComparison) -> Iterator[str]:
    yield f"### {escaped(f'{kind}: {NEW} {one.new}, {BASE} {one.base}')}"
    yield ""
    yield f"**{escaped(one.conclusion)}**"
    yield ""
    yield from listed(one.cautions)


def _verdicts(one: VerdictComparison) -> Iterator[str]:
    for worse in one.worse:
        yield from _worsening(worse)
    for group in one.groups:
        yield from folded(group.title, listed(group.lines), count=len(group.lines), noun="change")
    if one.requirements:
        rows = [[escaped(text) for text in (each.check, each.base, each.new)] for each in one.requirements]
        yield from folded("changed requirements", table(["check", BASE, NEW], rows), count=len(rows), noun="check")


def _worsening(one: Worsening) -> Iterator[str]:
    """Yield what was expected and seen, and the command that repeats it."""
    yield f"**{escaped(one.title)}**"
    yield ""
    yield f"- requirement: {escaped(one.requirement)} ({escaped(one.source)})"
    if one.detail.reason:
        yield f"- because: {escaped(one.detail.reason)}"
    why = one.detail.explanation
    if why:
        yield f"- expected: {code(why.expected)}"
        yield f"- seen: {code(why.seen)}"
    yield from (f"- also: {escaped(other)}" for other in one.others)
    yield ""
    if why and why.repeat:
        yield from block(why.repeat, "sh")


def _costs(one: CostComparison) -> Iterator[str]:
    for scenario in one.scenarios:
        yield from _scenario(scenario)
    yield from listed(list(map(_not_compared, one.not_compared)))
    yield from listed(one.meaning)


def _scenario(one: ScenarioChanges) -> Iterator[str]:
    """Yield the tables of a scenario, folded unless a difference is claimed."""
    title = f"{one.scenario.name}: {one.conclusion}"
    lines: list[str] = []
    for each in one.tables:
        rows = [[escaped(text) for text in columns.change(server)] for server in each.servers]
        heads = [escaped(head) for head in columns.CHANGES]
        lines += [f"**{escaped(columns.of_changes(one, each))}**", "", *table(heads, rows)]
    if one.is_different:
        yield escaped(title)
        yield ""
        yield from lines
    else:
        yield from details(title, lines)


def _not_compared(one: NotCompared) -> str:
    return f"not compared ({one.reason}): {', '.join(one.where)}"


def _facts(found: Sequence[Fact]) -> Iterator[str]:
    """Yield the folded table of how both runs were made."""
    rows = [[escaped(text) for text in (one.name, one.base or columns.NONE, one.new or columns.NONE)] for one in found]
    yield from details("How both runs were made", table(["", BASE, NEW], rows))
