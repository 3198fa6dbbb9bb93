"""What a page shows of two runs is what ``upecho compare`` finds, with both sides of each figure and verdict."""

import dataclasses

import pytest

from tests.made_up import run
from tests.report.page.samples import (
    EXPLANATION,
    document,
    earlier_results,
    earlier_verdicts,
    outcome,
    passing,
    results,
    verdicts,
)
from upecho.conformance.check import Level
from upecho.conformance.run.verdicts.changes import VerdictChanges
from upecho.conformance.run.verdicts.document import Document
from upecho.conformance.run.verdicts.outcome import Verdict
from upecho.measure.results import Results
from upecho.measure.statistics.changes import Changes
from upecho.report.page.building.changes import changes
from upecho.report.page.inputs.bases import Bases, Pair
from upecho.report.page.model.changes import ChangedRequirement, CostComparison, Fact, Group, VerdictComparison
from upecho.support.errors import CallerError

pytestmark = pytest.mark.once


def costs(base: Results, new: Results) -> CostComparison:
    found = changes(Bases(results=(Pair("base.json", "new.json", base, new),)))
    assert found
    return found.costs[0]


def of_verdicts(base: Document, new: Document) -> VerdictComparison:
    found = changes(Bases(verdicts=(Pair("base.json", "new.json", base, new),)))
    assert found
    return found.verdicts[0]


def test_page_without_earlier_runs_has_no_changes() -> None:
    assert changes(Bases()) is None


def test_figures_and_conclusions_are_those_of_compare() -> None:
    compared = {one.cell: one for one in Changes(earlier_results(), results()).cells}
    shown = costs(earlier_results(), results())
    (chat,) = shown.scenarios
    rows = {(row.subject.target, table.family): row for table in chat.tables for row in table.servers}
    assert len(rows) == len(compared) == 8
    for cell, change in compared.items():
        row = rows[cell.target, cell.family]
        assert (row.base_us, row.new_us) == (change.base.cost / 1000, change.new.cost / 1000)
        assert (row.ratio, row.costs_more, row.has_interval) == (change.ratio, change.costs_more, True)
    assert {target: row.conclusion for (target, _), row in rows.items()} == {
        "asyncio": "no difference detected",
        "asyncio+uvloop": "costs less",
        "asyncio-protocol": "no difference detected",
        "trio": "costs more",
    }
    assert {target for (target, _), row in rows.items() if row.costs_more} == {"trio"}
    assert {target for (target, _), row in rows.items() if row.costs_less} == {"asyncio+uvloop"}


def test_conclusion_counts_what_is_known_the_worst_first() -> None:
    shown = costs(earlier_results(), results())
    assert shown.conclusion == "8 costs compared (costs more: 2, costs less: 2, no difference detected: 4)"
    assert shown.is_worse
    assert shown.scenarios[0].is_different


def test_run_like_the_earlier_one_is_not_worse() -> None:
    shown = costs(results(), results(environment=dataclasses.replace(results().environment, started="2026-01-02")))
    assert shown.conclusion == "8 costs compared (no difference detected: 8)"
    assert (shown.is_worse, shown.scenarios[0].is_different) == (False, False)


def test_server_that_fails_now_makes_the_run_worse() -> None:
    steady = [4.0, 4.04, 3.96, 4.0]
    shown = costs(run({"a": steady, "b": steady}), run({"a": steady, "b": "1 reset"}))
    assert shown.conclusion == (
        "1 cost compared (no difference detected: 1); without figures because the server fails in NEW: 1"
    )
    assert shown.is_worse
    (broken,) = shown.not_compared
    assert (broken.reason, broken.is_broken) == ("NEW: failed: 1 reset", True)
    assert broken.where == ("b over unix in chat",)


def test_server_that_only_one_run_measured_is_not_held_against_the_other() -> None:
    (absent,) = costs(earlier_results(), results()).not_compared
    assert (absent.reason, absent.is_broken) == ("only in BASE", False)
    assert absent.where == ("gone over inet in chat", "gone over unix in chat")


def test_interval_of_too_few_rounds_is_not_shown() -> None:
    shown = costs(run({"a": [4.0, 4.1, 4.0]}), run({"a": [8.0, 8.1, 8.0]}))
    (row,) = shown.scenarios[0].tables[0].servers
    assert (row.has_interval, row.conclusion) == (False, "too few rounds")
    assert not shown.is_worse


@pytest.mark.parametrize(
    ("base", "caution"),
    [
        (earlier_results(), "different machines: B CPU and A CPU; the ratios include that difference"),
        (results(complete=False), "The run of BASE was interrupted, so that trials may be missing."),
    ],
    ids=["machine", "interrupted"],
)
def test_what_restricts_the_comparison_is_said(base: Results, caution: str) -> None:
    assert costs(base, results()).cautions == (caution,)
    assert costs(results(), results()).cautions == ()


def test_both_sides_say_how_they_were_made() -> None:
    facts = {one.name: one for one in costs(earlier_results(), results()).facts}
    assert facts["started"] == Fact("started", "2025-01-01", "2026-01-01")
    assert facts["upecho"].base.startswith("0.9, load engine native")
    assert facts["command"].new.startswith("upecho bench asyncio ")


@pytest.mark.parametrize(
    ("base", "complaint"),
    [
        (results(engine="python"), "BASE was measured with the load engine python and NEW with native, whose figures"),
        (run({"other": [1.0]}), "nothing to compare: BASE has figures for 1 cells and NEW for 10, but none in common"),
    ],
    ids=["engine", "cells"],
)
def test_runs_that_compare_refuses_are_refused_by_name(base: Results, complaint: str) -> None:
    with pytest.raises(CallerError) as refused:
        costs(base, results())
    assert str(refused.value).startswith(f"--base base.json and new.json: {complaint}")


def test_verdicts_without_one_in_common_are_refused_by_name() -> None:
    with pytest.raises(CallerError, match=r"^--base base.json and new.json: nothing to compare: BASE has 4 verdicts"):
        of_verdicts(document(passing("other")), verdicts())


def test_check_that_got_worse_has_requirement_expectation_and_what_was_seen() -> None:
    shown = of_verdicts(earlier_verdicts(), verdicts())
    (worse,) = shown.worse
    assert worse.title == "half-close: asyncio+rloop over inet, unix"
    assert (worse.requirement, worse.source) == ("The server closes.", "RFC 9293")
    assert worse.detail.explanation == EXPLANATION
    assert worse.detail.pythons == ("CPython 3.14.0",)


def test_conclusion_is_that_of_compare() -> None:
    shown = of_verdicts(earlier_verdicts(), verdicts())
    assert shown.conclusion == "12 verdicts compared; worse: 2 new failures; 1 mended"
    assert shown.is_worse is VerdictChanges(earlier_verdicts(), verdicts()).is_worse is True
    assert not of_verdicts(verdicts(), verdicts()).is_worse


def test_other_changes_are_listed_once_the_most_important_first() -> None:
    groups = {one.title: one.lines for one in of_verdicts(earlier_verdicts(), verdicts()).groups}
    assert next(iter(groups.items())) == ("mended", ("asyncio over inet: half-close",))
    assert groups["checks only in NEW"] == ("echo-hello (MUST): 5 passed",)
    assert groups["targets and families only in NEW"] == ("trio over inet",)
    assert groups["targets and families only in BASE"] == ("gone over inet",)
    assert "changed requirements" not in groups


def test_changed_requirement_has_both_texts() -> None:
    (changed,) = of_verdicts(earlier_verdicts(), verdicts()).requirements
    assert changed == ChangedRequirement("half-close", "The server <may> close.", "The server closes.")


def test_changed_level_is_a_group() -> None:
    new = document([outcome("half-close", "a")])
    described = dataclasses.replace(new.checks["half-close"], level=Level.INFO)
    base = dataclasses.replace(new, checks={**new.checks, "half-close": described})
    (group,) = of_verdicts(base, new).groups
    assert group == Group("changed levels", ("half-close: INFO in BASE, MUST in NEW",))


def test_target_that_can_no_longer_be_loaded_comes_first() -> None:
    new = document(passing("trio"), unusable={"asyncio": "no module asyncio"})
    shown = of_verdicts(document([*passing("trio"), *passing("asyncio")]), new)
    assert shown.is_worse
    assert shown.groups[0] == Group("code could not be loaded in NEW", ("asyncio: no module asyncio",))


def test_known_new_failure_is_not_held_against_the_target() -> None:
    failed = outcome("half-close", "a", verdict=Verdict.FAILED, known="no FIN", explanation=EXPLANATION)
    shown = of_verdicts(document([outcome("half-close", "a")]), document([failed]))
    assert (shown.is_worse, shown.worse) == (False, ())
    assert shown.groups == (Group("new failures that are known in NEW", ("a over inet: half-close",)),)


def test_other_python_and_upecho_are_cautions() -> None:
    assert of_verdicts(earlier_verdicts(), verdicts()).cautions[-1] == (
        "The runs differ in the version of upecho and the Python that ran them, which may cause changes as well."
    )
