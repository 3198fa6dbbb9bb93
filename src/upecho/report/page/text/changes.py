"""Lays out what changed since earlier runs: what got worse first, and both sides of each figure."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from upecho.conformance.run.verdicts.changes import BASE, NEW
from upecho.report.page import columns
from upecho.report.page.model.changes import (
    CostComparison,
    Fact,
    PageChanges,
    ScenarioChanges,
    VerdictComparison,
    Worsening,
)
from upecho.report.page.text.lines import INDENT, grid, paragraph, subheading
from upecho.support.text import printable


def changes(found: PageChanges, width: int) -> Iterator[Text]:
    """Yield all comparisons, those of verdicts first."""
    for verdicts in found.verdicts:
        yield from _heading("verdicts", verdicts, width)
        yield from _verdicts(verdicts, width)
        yield from _differences(verdicts.facts, width)
        yield Text()
    for costs in found.costs:
        yield from _heading("costs", costs, width)
        yield from _costs(costs, width)
        yield from _differences(costs.facts, width)
        yield Text()


def _heading(kind: str, one: CostComparison | VerdictComparison, width: int) -> Iterator[Text]:
    yield subheading(f"{kind}: {NEW} {one.new}, {BASE} {one.base}")
    yield from paragraph(one.conclusion, width, style="red" if one.is_worse else "")
    for caution in one.cautions:
        yield from paragraph(caution, width, style="yellow")


def _verdicts(one: VerdictComparison, width: int) -> Iterator[Text]:
    for worse in one.worse:
        yield from _worsening(worse, width)
    for group in one.groups:
        yield from paragraph(f"{group.title}:", width)
        for line in group.lines:
            yield from paragraph(line, width, indent=INDENT)
    for changed in one.requirements:
        yield from paragraph(f"requirement of {changed.check}: {changed.new} ({BASE}: {changed.base})", width)


def _worsening(one: Worsening, width: int) -> Iterator[Text]:
    """Yield what was expected and seen, and the command that repeats it, which is never wrapped."""
    yield from paragraph(one.title, width, style="bold red")
    facts = [("requirement", f"{one.requirement} ({one.source})"), ("because", one.detail.reason)]
    why = one.detail.explanation
    if why:
        facts += [("expected", why.expected), ("seen", why.seen)]
    for name, text in (*facts, *(("also", other) for other in one.others)):
        if text:
            yield from paragraph(f"{name}: {text}", width, indent=INDENT)
    if why and why.repeat:
        yield Text(INDENT + printable(why.repeat), no_wrap=True, overflow="ignore")


def _costs(one: CostComparison, width: int) -> Iterator[Text]:
    for scenario in one.scenarios:
        yield from _scenario(scenario, width)
    for missing in one.not_compared:
        text = f"not compared ({missing.reason}): {', '.join(missing.where)}"
        yield from paragraph(text, width, style="red" if missing.is_broken else "dim")
    for sentence in one.meaning:
        yield from paragraph(sentence, width, style="dim")


def _scenario(one: ScenarioChanges, width: int) -> Iterator[Text]:
    """Yield what changed in a scenario, and its tables if a difference is claimed."""
    yield from paragraph(f"{one.scenario.name}: {one.conclusion}", width, style="bold")
    for table in one.tables if one.is_different else ():
        yield subheading(columns.of_changes(one, table))
        head, *rows = [_ratio_first(row) for row in (columns.CHANGES, *map(columns.change, table.servers))]
        yield from grid(head, rows, width, required=3, texts=3)
        yield Text()


def _ratio_first(row: Sequence[str]) -> list[str]:
    """Return the cells of a row, those last for which a narrow terminal has no room."""
    server, base, new, ratio, conclusion = row
    return [server, ratio, conclusion, base, new]


def _differences(facts: Sequence[Fact], width: int) -> Iterator[Text]:
    """Yield in what the two runs differ, apart from their commands."""
    for one in facts:
        if one.base != one.new and one.name != "command":
            sides = f"{BASE} {one.base or columns.NONE}, {NEW} {one.new or columns.NONE}"
            yield from paragraph(f"{one.name}: {sides}", width, style="dim")
