"""Writes what changed since earlier runs: what got worse first, and both sides of each figure."""

from collections.abc import Iterator, Sequence

from upecho.conformance.run.verdicts.changes import BASE, NEW
from upecho.report.page import columns
from upecho.report.page.columns import NONE
from upecho.report.page.html.markup import Html, element, facts, join
from upecho.report.page.html.matrix import known_about
from upecho.report.page.html.tables import grid, identity, listed, row, scrolled
from upecho.report.page.model.changes import (
    CostChange,
    CostComparison,
    CostTable,
    Fact,
    Group,
    NotCompared,
    PageChanges,
    ScenarioChanges,
    VerdictComparison,
    Worsening,
)
from upecho.support.text import plural


def changes(found: PageChanges) -> Html:
    """Return all comparisons, those of verdicts first."""
    return join((*map(_verdicts, found.verdicts), *map(_costs, found.costs)))


def _verdicts(one: VerdictComparison) -> Html:
    names = _names(one)
    parts = [
        *_cautions(one.cautions, f"Cautions about the verdicts of {names}"),
        *map(_worsening, one.worse),
        *map(_group, one.groups),
        _requirements(one, names) if one.requirements else Html(),
        _facts(one.facts, f"Runs of the verdicts: {names}"),
    ]
    return _article("Verdicts", one, parts)


def _costs(one: CostComparison) -> Html:
    names = _names(one)
    parts = [
        *_cautions(one.cautions, f"Cautions about the costs of {names}"),
        *(_scenario(scenario, names) for scenario in one.scenarios),
        *map(_not_compared, one.not_compared),
        listed(one.meaning),
        _facts(one.facts, f"Runs of the results: {names}"),
    ]
    return _article("Costs", one, parts)


def _names(one: CostComparison | VerdictComparison) -> str:
    return f"{NEW} {one.new}, {BASE} {one.base}"


def _article(kind: str, one: CostComparison | VerdictComparison, parts: Sequence[Html]) -> Html:
    heading = element("h3", f"{kind}: ", element("small", _names(one)))
    conclusion = element("p", element("strong", one.conclusion, class_="bad" if one.is_worse else ""))
    return element("article", heading, conclusion, *parts)


def _cautions(cautions: Sequence[str], label: str) -> Iterator[Html]:
    if cautions:
        yield element("aside", listed(cautions), aria_label=label)


def _worsening(one: Worsening) -> Html:
    described = {
        "requirement": one.requirement,
        "source": one.source,
        **known_about(one.detail),
        "also": "; ".join(one.others),
    }
    shown = facts({name: text for name, text in described.items() if text})
    return element("article", element("h3", one.title), shown, class_="reason")


def _group(one: Group) -> Html:
    title = f"{one.title[:1].upper()}{one.title[1:]} ({len(one.lines)})"
    return element("details", element("summary", title), listed(one.lines))


def _requirements(one: VerdictComparison, names: str) -> Html:
    rows = [row(changed.check, changed.base, changed.new) for changed in one.requirements]
    caption = f"Changed requirements: {names}"
    table = scrolled(grid(caption, ["check", BASE, NEW], rows, class_="words"), caption)
    return element("details", element("summary", f"Changed requirements ({len(rows)})"), table)


def _scenario(one: ScenarioChanges, names: str) -> Html:
    summary = element("summary", f"{one.scenario.name}: {one.conclusion}")
    tables = [_table(one, table, names) for table in one.tables]
    return element(
        "details", summary, element("p", one.scenario.summary, class_="note"), *tables, open=one.is_different
    )


def _table(one: ScenarioChanges, table: CostTable, names: str) -> Html:
    caption = f"{columns.of_changes(one, table)}: {names}"
    shown = scrolled(grid(caption, columns.CHANGES, list(map(_row, table.servers))), caption)
    return element("div", shown, class_="family", data_family=table.family)


def _row(one: CostChange) -> Html:
    class_ = "bad" if one.costs_more else "good" if one.costs_less else "muted"
    *figures, conclusion = columns.change(one)
    return row(*figures, element("span", conclusion, class_=class_), **identity(one.subject))


def _not_compared(one: NotCompared) -> Html:
    title = element("span", f"Not compared ({one.reason}): ", class_="bad" if one.is_broken else "")
    summary = element("summary", title, plural(len(one.where), "cell"))
    return element("details", summary, listed(one.where))


def _facts(found: Sequence[Fact], caption: str) -> Html:
    """Return the table of how both runs were made; what differs stands out."""
    rows = [
        row(one.name, one.base or NONE, one.new or NONE, class_="" if one.base == one.new else "differs")
        for one in found
    ]
    table = scrolled(grid(caption, ["fact", BASE, NEW], rows, class_="words"), caption)
    return element("details", element("summary", "How both runs were made"), table)
