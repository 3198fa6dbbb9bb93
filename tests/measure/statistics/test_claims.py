"""Claims are made when the trials support them, and only then."""

import math
import random

import pytest

from tests.made_up import GROUP, cell, noisy, run
from upecho.measure.plan.cells import BASELINE, Reference
from upecho.measure.statistics.claims import Claims, Verdict

pytestmark = pytest.mark.once

STEADY = [1.0, 1.01, 0.99, 1.0, 1.01, 0.99]
COSTLIER = [1.1 * cost for cost in STEADY[::-1]]


def verdict(claims: Claims) -> Verdict:
    found = claims.verdict(cell("a"), cell("b"))
    assert found is claims.verdict(cell("b"), cell("a"))
    return found


def test_significant_difference_is_claimed() -> None:
    assert verdict(Claims(run({"a": STEADY, "b": COSTLIER}))) is Verdict.DIFFERENT
    assert verdict(Claims(run({"a": STEADY, "b": STEADY[::-1]}))) is Verdict.NO_DIFFERENCE


def test_difference_within_the_noise_is_not_claimed() -> None:
    assert verdict(Claims(run({"a": [1.0] * 6, "b": [1.3, 0.9, 1.3, 0.9, 1.3, 0.9]}))) is Verdict.NO_DIFFERENCE


@pytest.mark.parametrize(("rounds", "expected"), [(3, Verdict.TOO_FEW), (4, Verdict.DIFFERENT)])
def test_three_rounds_are_too_few(rounds: int, expected: Verdict) -> None:
    assert verdict(Claims(run({"a": STEADY[:rounds], "b": COSTLIER}))) is expected


@pytest.mark.parametrize(("disturbed", "expected"), [(1, Verdict.DIFFERENT), (2, Verdict.TOO_BUSY)])
def test_busy_machine_supports_no_claim(disturbed: int, expected: Verdict) -> None:
    claims = Claims(run({"a": STEADY, "b": COSTLIER}, disturbed=disturbed))
    assert claims.disturbed == disturbed / 6
    assert verdict(claims) is expected


def test_too_few_rounds_take_precedence_over_a_busy_machine() -> None:
    assert verdict(Claims(run({"a": STEADY[:3], "b": COSTLIER[:3]}, disturbed=3))) is Verdict.TOO_FEW


def test_a_quarter_of_the_trials_may_be_disturbed() -> None:
    assert not Claims(run({"a": STEADY[:4], "b": STEADY[:4]}, disturbed=1)).is_too_busy


def test_run_without_trials_is_not_disturbed() -> None:
    assert Claims(run({})).disturbed == 0


def test_difference_below_the_floor_is_not_claimed() -> None:
    costs = {"a": STEADY, "b": COSTLIER, "c": STEADY}
    little = Claims(run(costs, copies={"c": [1.01 * cost for cost in STEADY]}))
    assert verdict(little) is Verdict.DIFFERENT
    assert verdict(Claims(run(costs, copies={"c": [1.2 * cost for cost in STEADY]}))) is Verdict.NO_DIFFERENCE


def test_floor_applies_in_both_directions() -> None:
    copies = {"c": [1.2 * cost for cost in STEADY]}
    cheaper = [cost / 1.1 for cost in STEADY[::-1]]
    assert verdict(Claims(run({"a": STEADY, "b": cheaper, "c": STEADY}, copies=copies))) is Verdict.NO_DIFFERENCE
    assert verdict(Claims(run({"a": STEADY, "b": cheaper, "c": STEADY}))) is Verdict.DIFFERENT


def test_floor_is_the_end_of_the_interval_of_the_copies() -> None:
    claims = Claims(run({"a": [1.0] * 4}, copies={"a": [1.1] * 4}))
    assert claims.floor(GROUP) == pytest.approx(0.1)
    wide = Claims(run({"a": [1.0] * 4}, copies={"a": [1.1, 1 / 1.1, 1.1, 1 / 1.1]}))
    assert wide.floor(GROUP) == pytest.approx(math.expm1(3.182 * 0.11005 / 2), abs=1e-3)


def test_floor_is_unknown_with_fewer_than_two_copies() -> None:
    assert Claims(run({"a": STEADY})).floor(GROUP) is None
    assert Claims(run({"a": STEADY}, copies={"a": [1.1]})).floor(GROUP) is None
    assert Claims(run({"a": [1.0] * 2}, copies={"a": [1.1] * 2})).floor(GROUP) == pytest.approx(0.1)


def test_ratio_is_relative_to_the_baseline_in_the_same_round() -> None:
    claims = Claims(run({"a": [2.0, 4.0, 8.0], "b": [1.0, 2.0, 4.0], BASELINE: [0.5, 1.0, 2.0]}))
    assert str(claims.ratio(cell("a"))) == "4.000 [4.000, 4.000]"
    assert str(claims.ratio(cell("b"))) == "2.000 [2.000, 2.000]"


def test_ratio_to_another_target_uses_the_pairs_of_both_and_not_the_baseline() -> None:
    """The interval of the pair is narrow, although the ratio of each to the baseline is not known well."""
    baseline = [1.0, 1.5, 0.8, 1.2, 0.9]
    costs = {BASELINE: baseline, "a": [4.0, 4.04, 3.96, 4.0, 4.04], "b": [2.0, 2.0, 2.0, 2.02, 2.0]}
    direct = Claims(run(costs, reference=Reference("b"))).ratio(cell("a"))
    assert direct.ratio == pytest.approx(2.0, rel=0.01)
    assert direct.precision < 0.02
    assert Claims(run(costs)).ratio(cell("a")).precision > 0.2


def test_more_comparisons_require_smaller_p_values() -> None:
    """The p-value of a and b is 2 %, which is not significant among many more comparisons."""
    first, second = [1.0] * 5, [1.0, 1.03, 1.06, 1.05, 1.06]
    assert verdict(Claims(run({"a": first, "b": second}))) is Verdict.DIFFERENT
    others = {target: [1.5, 0.6, 1.5, 0.7, 1.4] for target in "cdef"}
    assert verdict(Claims(run({"a": first, "b": second} | others))) is Verdict.NO_DIFFERENCE


def test_other_families_count_as_comparisons() -> None:
    costs = {"a": [1.0] * 5, "b": [1.0, 1.03, 1.06, 1.05, 1.06]}
    assert verdict(Claims(run(costs, families=("unix",)))) is Verdict.DIFFERENT
    noise = run({"c": [1.0] * 5, "d": [1.5, 0.6, 1.5, 0.7, 1.4]}, families=("inet", "inet6"))
    both = run(costs, trials=(*run(costs).trials, *noise.trials))
    assert verdict(Claims(both)) is Verdict.NO_DIFFERENCE


def claimed(claims: Claims) -> bool:
    """Return whether any two cells of a run are claimed to differ."""
    cells = claims.costs.groups()[GROUP]
    return any(claims.verdict(one, other) is Verdict.DIFFERENT for one in cells for other in cells if one != other)


# Without copies only the p-value prevents a claim, so one run in twenty makes one; more than 10 of 100 do so once in a
# hundred times.
@pytest.mark.unmeasured
@pytest.mark.parametrize(("copied", "most"), [("a", 5), ("", 10)])
@pytest.mark.parametrize("rounds", [4, 8])
def test_equal_servers_hardly_ever_differ(rounds: int, copied: str, most: int) -> None:
    source = random.Random(1)
    runs = [noisy(source, dict.fromkeys("abcdef", 10.0), rounds, copied=copied) for _ in range(100)]
    assert sum(claimed(Claims(one)) for one in runs) <= most


def test_five_percent_difference_is_nearly_always_detected() -> None:
    source = random.Random(2)
    costs = {"a": 10.0, "b": 10.5, "c": 10.0, BASELINE: 3.0}
    runs = [Claims(noisy(source, costs, 12, copied="c")) for _ in range(100)]
    assert sum(verdict(claims) is Verdict.DIFFERENT for claims in runs) >= 95
    assert sum(claims.verdict(cell("a"), cell("c")) is Verdict.DIFFERENT for claims in runs) <= 5
