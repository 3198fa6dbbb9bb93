"""A server that burns 5 % more CPU time than another is detected, and the ratio is 1.05."""

import logging
from collections.abc import Sequence

import pytest

from tests.method.planted import SHARE
from tests.method.runs import BUSY, cell, measured, undisturbed
from upecho.measure.statistics.claims import Claims, Verdict
from upecho.measure.statistics.ratios import paired

CHEAP, COSTLY = cell("tests.method.planted:cheap", BUSY), cell("tests.method.planted:costly", BUSY)
RUNS, PRECISION, MAX_ROUNDS = 10, 0.015, 50


@pytest.fixture(scope="module")
def runs() -> list[Claims]:
    targets = [CHEAP.target, COSTLY.target]
    return [
        Claims(undisturbed(measured(targets, BUSY, rounds=MAX_ROUNDS, seed=seed, precision=PRECISION)))
        for seed in range(RUNS)
    ]


# At a precision of 1.5 %, a difference of 5 % exceeds A/A in 98 of 100 runs; two of ten miss it once in sixty times.
def test_difference_is_detected(runs: Sequence[Claims]) -> None:
    verdicts = [claims.verdict(CHEAP, COSTLY) for claims in runs]
    logging.info("%d of %d runs detect it", verdicts.count(Verdict.DIFFERENT), RUNS)
    assert verdicts.count(Verdict.DIFFERENT) >= RUNS - 1


# One in twenty intervals may miss the truth; that three of ten do happens once in ninety times.
def test_intervals_cover_the_truth(runs: Sequence[Claims]) -> None:
    ratios = [paired(claims.costs.pairs(COSTLY, CHEAP)) for claims in runs]
    for ratio in ratios:
        logging.info("%s after %d rounds", ratio, ratio.samples)
    assert sum(ratio.low <= 1 + SHARE <= ratio.high for ratio in ratios) >= RUNS - 2


def test_all_runs_together_show_five_percent(runs: Sequence[Claims]) -> None:
    ratio = paired([log for claims in runs for log in claims.costs.pairs(COSTLY, CHEAP)], confidence=0.99)
    logging.info("all together: %s", ratio)
    assert ratio.low <= 1 + SHARE <= ratio.high
    assert ratio.precision < 0.01
