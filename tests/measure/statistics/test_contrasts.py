"""Comparisons of chosen pairs of cells: paired by round, corrected for their number, and beyond A/A."""

import dataclasses
from collections.abc import Sequence

import pytest

from tests.made_up import cell, run
from upecho.measure.results import Results
from upecho.measure.statistics.claims import Claims, Verdict
from upecho.measure.statistics.contrasts import Contrast, contrasts

pytestmark = pytest.mark.once

INET = [10.0, 11.0, 10.2, 11.1, 10.1]
UNIX = [8.0, 8.9, 8.1, 8.8, 8.1]


def two_families(inet: Sequence[float] = INET, unix: Sequence[float] = UNIX, copies: Sequence[float] = ()) -> Results:
    """Return a run of one server over two families, in which it may be measured twice over the second one."""
    first = run({"a": inet}, families=("inet",))
    second = run({"a": unix}, families=("unix",), copies={"a": copies} if copies else None)
    return dataclasses.replace(first, requested=first.requested + second.requested, trials=first.trials + second.trials)


def compared(results: Results) -> Contrast:
    (found,) = contrasts(Claims(results), [(cell("a", "unix"), cell("a", "inet"))])
    return found


def test_cells_of_different_groups_are_paired_by_round() -> None:
    found = compared(two_families())
    assert found.ratio.ratio == pytest.approx(0.8, rel=0.01)
    assert found.ratio.high - found.ratio.low < 0.02
    assert (found.verdict, found.costs_less, found.costs_more) == (Verdict.DIFFERENT, True, False)


def test_difference_within_the_floor_of_either_group_is_not_claimed() -> None:
    found = compared(two_families(copies=[12.0, 13.0, 12.0, 13.0, 12.0]))
    assert (found.verdict, found.costs_less) == (Verdict.NO_DIFFERENCE, False)


def test_difference_that_chance_explains_is_not_claimed() -> None:
    assert compared(two_families(unix=[8.0, 13.0, 8.0, 13.0, 8.0])).verdict is Verdict.NO_DIFFERENCE


def test_correction_counts_all_comparisons() -> None:
    unix = [9.7, 10.89, 9.79, 11.04, 9.8]  # p = 0.02 alone
    costs = {"a": INET, **{f"b{number}": INET for number in range(20)}}
    inet, other = run(costs, families=("inet",)), run(dict.fromkeys(costs, unix), families=("unix",))
    claims = Claims(dataclasses.replace(inet, trials=inet.trials + other.trials))
    pairs = [(cell(target, "unix"), cell(target, "inet")) for target in costs]
    (alone,) = contrasts(claims, pairs[:1])
    assert alone.verdict is Verdict.DIFFERENT
    assert {one.verdict for one in contrasts(claims, pairs)} == {Verdict.NO_DIFFERENCE}


@pytest.mark.parametrize(
    ("results", "verdict"),
    [
        (two_families(INET[:3], UNIX[:3]), Verdict.TOO_FEW),
        (run({"a": INET}, families=("inet", "unix"), disturbed=3), Verdict.TOO_BUSY),
    ],
    ids=["few rounds", "busy"],
)
def test_nothing_is_concluded_from_few_or_disturbed_trials(results: Results, verdict: Verdict) -> None:
    assert compared(results).verdict is verdict


def test_cells_without_a_common_round_are_left_out() -> None:
    assert contrasts(Claims(two_families()), [(cell("a", "unix"), cell("b", "inet"))]) == []
