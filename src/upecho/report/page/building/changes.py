"""Turns pairs of runs into what a page shows of their difference; the comparison is that of ``upecho compare``."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from upecho.conformance.run.verdicts.changes import BASE, NEW, VerdictChanges
from upecho.conformance.run.verdicts.document import Document
from upecho.measure.results import Results
from upecho.measure.statistics.changes import Change, Changes
from upecho.measure.statistics.claims import MIN_ROUNDS, Verdict
from upecho.report.benchmark import changes as costs
from upecho.report.conformance import changes as verdicts
from upecho.report.conformance.causes import Finding, also, findings, where
from upecho.report.page.building import identities, sources
from upecho.report.page.building.conformance import detail
from upecho.report.page.building.runs import Run
from upecho.report.page.inputs.bases import Bases, Pair
from upecho.report.page.model.changes import (
    ChangedRequirement,
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
from upecho.report.page.model.page import Source
from upecho.support import json_document
from upecho.support.text import plural

US = 1e3  # nanoseconds


def changes(bases: Bases) -> PageChanges | None:
    """Return what a page shows of the differences between runs; None if there is nothing to compare.

    Raises:
        CallerError: Two runs have nothing in common, or their figures are not comparable.
    """
    if not bases.results and not bases.verdicts:
        return None
    return PageChanges(tuple(map(_cost_comparison, bases.results)), tuple(map(_verdict_comparison, bases.verdicts)))


def _cost_comparison(pair: Pair[Results]) -> CostComparison:
    with json_document.naming(str(pair)):
        found = Changes(pair.base, pair.new)
    runs = [Run(name, "", found.summaries[side]) for name, side in ((pair.base_name, BASE), (pair.new_name, NEW))]
    return CostComparison(
        pair.base_name,
        pair.new_name,
        conclusion=_cost_conclusion(found),
        is_worse=bool(found.broken) or any(one.costs_more for one in found.cells),
        scenarios=tuple(_scenarios(found, runs[1])),
        not_compared=tuple(
            NotCompared(reason, is_broken, tuple(map(costs.where, cells)))
            for (reason, is_broken), cells in costs.reasons(found).items()
        ),
        meaning=(*costs.meaning(found), *costs.certainty(found)) if found.cells else (),
        cautions=tuple(costs.cautions(found)),
        facts=tuple(_facts(*map(sources.of_run, runs))),
    )


def _cost_conclusion(found: Changes) -> str:
    parts = [f"{plural(len(found.cells), 'cost')} compared ({_counted(found.cells)})"] if found.cells else []
    if found.broken:
        parts.append(f"without figures because the server fails in {NEW}: {len(found.broken)}")
    return f"{'; '.join(parts) or 'no cost can be compared'}"


def _counted(changed: Sequence[Change]) -> str:
    """Return how often each conclusion was drawn, the worst one first."""
    counts = Counter(map(costs.conclusion, changed))
    ordered = dict.fromkeys((costs.COSTS_MORE, costs.COSTS_LESS, *counts))
    return ", ".join(f"{conclusion}: {counts[conclusion]}" for conclusion in ordered if counts[conclusion])


def _scenarios(found: Changes, run: Run) -> Iterator[ScenarioChanges]:
    for scenario in run.results.scenarios:
        changed = [one for one in found.cells if one.cell.scenario == scenario.name]
        groups = dict.fromkeys(one.cell.group for one in changed)
        tables = [
            CostTable(
                group.family,
                found.floors.get(group),
                tuple(_cost_change(one, run) for one in changed if one.cell.group == group),
            )
            for group in groups
        ]
        if changed:
            is_different = any(one.verdict is Verdict.DIFFERENT for one in changed)
            yield ScenarioChanges(scenario, _counted(changed), is_different, tuple(tables))


def _cost_change(change: Change, run: Run) -> CostChange:
    return CostChange(
        change.new.label,
        identities.subject(change.cell.target, run.server(change.cell).python),
        base_us=change.base.cost / US,
        new_us=change.new.cost / US,
        ratio=change.ratio,
        has_interval=change.ratio.samples >= MIN_ROUNDS,
        conclusion=costs.conclusion(change),
        costs_more=change.costs_more,
        costs_less=change.verdict is Verdict.DIFFERENT and not change.costs_more,
    )


def _verdict_comparison(pair: Pair[Document]) -> VerdictComparison:
    with json_document.naming(str(pair)):
        found = VerdictChanges(pair.base, pair.new)
    described = [sources.of_document(pair.base_name, pair.base), sources.of_document(pair.new_name, pair.new)]
    return VerdictComparison(
        pair.base_name,
        pair.new_name,
        conclusion=verdicts.conclusion(found).plain,
        is_worse=found.is_worse,
        worse=tuple(
            _worsening(one, pair.new) for one in findings([change.new for change in found.worse], separate=False)
        ),
        groups=tuple(_groups(found)),
        requirements=tuple(
            ChangedRequirement(check, pair.base.checks[check].requirement, pair.new.checks[check].requirement)
            for check in found.reworded
        ),
        cautions=tuple(verdicts.notes(found)),
        facts=tuple(_facts(*described)),
    )


def _worsening(finding: Finding, document: Document) -> Worsening:
    check = document.checks[finding.same[0].check]
    judged = [(identities.subject(one.target, document.python), one) for one in finding.same]
    return Worsening(where(finding.same), check.requirement, check.source, detail(judged), tuple(also(finding.others)))


def _groups(found: VerdictChanges) -> Iterator[Group]:
    """Yield what needs no explanation, in the opposite order of a terminal, where the last lines stay visible."""
    lost = [verdicts.no_longer_loaded(found)] if found.no_longer_loaded else []
    for one in (*lost, *reversed(list(verdicts.sections(found)))):
        if one.title != verdicts.REWORDED:
            yield Group(one.title, tuple(one.lines))


def _facts(base: Source, new: Source) -> Iterator[Fact]:
    """Yield what is known about how two runs were made."""
    sides: list[Mapping[str, str]] = [{**one.facts, "command": one.command} for one in (base, new)]
    for name in dict.fromkeys(name for side in sides for name in side):
        yield Fact(name, *(side.get(name, "") for side in sides))
