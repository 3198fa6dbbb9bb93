"""A/B tests are decided in time, and stopping early does not raise the rate of errors."""

import dataclasses
import math
import random
from collections.abc import Sequence

import pytest

from tests.made_up import cell, load, run, trial
from upecho.measure.plan.ab_test import ABTest, Limit, Pair
from upecho.measure.statistics.claims import Claims
from upecho.measure.statistics.claims import Verdict as Claimed
from upecho.measure.statistics.contrasts import contrasts
from upecho.measure.statistics.quantities import CPU, P99
from upecho.measure.statistics.ratios import paired
from upecho.measure.statistics.sequential import LOOKS, Answer, Passed, Verdicts, confidence, looks
from upecho.measure.trials import Trial

pytestmark = pytest.mark.once

PAIR = Pair(cell("a"), cell("b"))
TEST = ABTest((PAIR,), "cpu", margin=0.01)
STEADY = [10.0, 10.01, 9.99, 10.0, 10.01, 9.99]


def trials(base: Sequence[float], new: Sequence[float]) -> tuple[Trial, ...]:
    return run({"a": base, "b": new}).trials


def times(factor: float) -> list[float]:
    """Return costs that are about this many times the steady ones."""
    return [factor * cost for cost in reversed(STEADY)]


@pytest.mark.parametrize("rounds", [1, 2, 3, 4, 5, 7, 8, 20, 50, 110, 1000, 10_000])
def test_looks_are_few_and_end_with_the_last_round(rounds: int) -> None:
    found = looks(rounds)
    assert len(found) <= LOOKS
    assert list(found) == sorted(set(found))
    assert found[-1] == rounds
    assert all(number % 2 == 0 for number in found[:-1])


def test_looks_grow_by_a_constant_factor() -> None:
    assert looks(110) == (4, 6, 10, 16, 26, 42, 68, 110)


@pytest.mark.parametrize(
    ("factor", "expected"),
    [(1.0, Answer.ALIKE), (1.004, Answer.ALIKE), (1.05, Answer.MORE), (0.95, Answer.LESS), (1.011, Answer.MORE)],
)
def test_precise_rounds_are_decided(factor: float, expected: Answer) -> None:
    verdicts = Verdicts(TEST, trials(STEADY, times(factor)))
    assert verdicts.answer(PAIR) is expected
    assert verdicts.is_decided(PAIR)


def test_small_difference_counts_as_none_even_if_it_is_certain() -> None:
    small = trials(STEADY, [1.005 * cost for cost in STEADY])
    assert Verdicts(TEST, small).answer(PAIR) is Answer.ALIKE
    assert Verdicts(dataclasses.replace(TEST, margin=0.001), small).answer(PAIR) is Answer.MORE


@pytest.mark.parametrize("rounds", [1, 3])
def test_few_rounds_decide_nothing(rounds: int) -> None:
    verdicts = Verdicts(TEST, trials(STEADY[:rounds], times(2)[:rounds]))
    assert verdicts.ratio(PAIR, CPU) is None
    assert verdicts.answer(PAIR) is Answer.UNDECIDED
    assert not verdicts.is_decided(PAIR)


def test_noisy_rounds_decide_nothing() -> None:
    assert Verdicts(TEST, trials([1.0, 1.3, 0.9, 1.1], [1.2, 1.0, 1.1, 1.0])).answer(PAIR) is Answer.UNDECIDED


def test_interval_is_divided_among_looks_and_questions() -> None:
    found = Verdicts(TEST, trials(STEADY, times(1.02))).ratio(PAIR, CPU)
    logs = [math.log(new / base) for base, new in zip(STEADY, times(1.02), strict=True)]
    assert found
    expected = paired(logs, 1 - 0.05 / LOOKS)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=1e-4)
    more = dataclasses.replace(TEST, pairs=(PAIR, Pair(cell("a"), cell("c"))), limits=(Limit("cpu", 0.1),))
    assert 1 - confidence(more) == pytest.approx(0.05 / LOOKS / 2)
    limited = dataclasses.replace(more, limits=(Limit("cpu", 0.1), Limit("p99", 0.2)))
    assert 1 - confidence(limited) == pytest.approx(0.05 / LOOKS / 4)


@pytest.mark.parametrize(
    ("factor", "expected"),
    [(1.02, Passed.WITHIN), (1.1, Passed.ABOVE), (1.0501, Passed.UNDECIDED), (0.5, Passed.WITHIN)],
)
def test_limit_is_exceeded_if_the_whole_interval_is_above(factor: float, expected: Passed) -> None:
    test = dataclasses.replace(TEST, limits=(Limit("cpu", 0.05),))
    verdicts = Verdicts(test, trials(STEADY, times(factor)))
    assert [one.passed for one in verdicts.outcomes(PAIR)] == [expected]
    assert verdicts.is_decided(PAIR) is (expected is not Passed.UNDECIDED)
    assert verdicts.exceeded is (expected is Passed.ABOVE)


def test_every_limit_has_its_own_quantity() -> None:
    limits = (Limit("cpu", 0.05), Limit("p99", 0.05), Limit("memory", 0.05))
    made = trials(STEADY, times(2.0))
    (cpu, p99, memory) = Verdicts(dataclasses.replace(TEST, limits=limits), made).outcomes(PAIR)
    assert [cpu.passed, p99.passed, memory.passed] == [Passed.ABOVE, Passed.WITHIN, Passed.UNDECIDED]
    assert (p99.quantity, memory.ratio) == (P99, None)  # the made-up servers have no memory


def test_reports_of_the_run_use_the_same_interval() -> None:
    made = dataclasses.replace(run({"a": STEADY, "b": times(1.02)}), ab_test=TEST)
    claims = Claims(made)
    assert claims.ratio(PAIR.new) == Verdicts(TEST, made.trials).ratio(PAIR, CPU)
    (contrast,) = contrasts(claims, [(PAIR.new, PAIR.base)])
    assert contrast.ratio == claims.ratio(PAIR.new)


def test_difference_that_one_look_would_claim_is_not_claimed() -> None:
    """Its p-value is between the level of one look and 5 %."""
    new = [10.2, 9.9, 10.3, 10.0, 10.3, 9.99]
    plain, test = run({"a": STEADY, "b": new}), TEST
    p_value = 1 - 0.05
    assert paired([math.log(y / x) for x, y in zip(STEADY, new, strict=True)], p_value).low > 0.99
    assert Claims(dataclasses.replace(plain, ab_test=test)).verdict(PAIR.base, PAIR.new) is Claimed.NO_DIFFERENCE


def stopped(source: random.Random, factor: float, rounds: int, spread: float) -> Answer:
    """Return the answer of a run that stops when it is decided."""
    made: list[Trial] = []
    for number in range(1, rounds + 1):
        machine = math.exp(source.gauss(0, 0.3))
        for target, share in (("a", 1.0), ("b", factor)):
            made.append(trial(target, number, load(10 * machine * share * math.exp(source.gauss(0, spread)))))
        verdicts = Verdicts(TEST, made)
        if number in looks(rounds) and verdicts.is_decided(PAIR):
            break
    return verdicts.answer(PAIR)


def test_equal_sides_are_hardly_ever_said_to_differ() -> None:
    """At 5 %, 18 of 200 runs are wrong less than once in a hundred times; without the correction, 46 are."""
    source = random.Random(7)
    found = [stopped(source, 1.0, 42, 0.02) for _ in range(200)]
    assert sum(one in (Answer.MORE, Answer.LESS) for one in found) < 18


def test_planted_difference_is_found() -> None:
    source = random.Random(8)
    assert [stopped(source, 1.05, 42, 0.02) for _ in range(20)] == [Answer.MORE] * 20
    assert [stopped(source, 0.95, 42, 0.02) for _ in range(20)] == [Answer.LESS] * 20
