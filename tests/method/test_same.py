"""The same server under two names is hardly ever said to differ from itself, in a hundred real runs."""

import logging
from collections.abc import Sequence

import pytest

from tests.method.runs import BUSY, cell, measured, neighbours, undisturbed
from upecho.measure.plan.cells import BASELINE
from upecho.measure.results import Results
from upecho.measure.statistics.changes import Changes
from upecho.measure.statistics.claims import Claims, Verdict

ONE, OTHER = "selectors", "upecho.servers.selectors:serve"
RUNS, ROUNDS = 100, 6


@pytest.fixture(scope="module")
def runs() -> list[Results]:
    return [undisturbed(measured([ONE, OTHER, BASELINE], BUSY, rounds=ROUNDS, seed=seed)) for seed in range(RUNS)]


def test_at_most_five_of_a_hundred_runs_claim_a_difference(runs: Sequence[Results]) -> None:
    verdicts = [Claims(run).verdict(cell(ONE, BUSY), cell(OTHER, BUSY)) for run in runs]
    wrong = verdicts.count(Verdict.DIFFERENT)
    logging.info("%d of %d runs claim a difference", wrong, RUNS)
    assert verdicts.count(Verdict.NO_DIFFERENCE) == RUNS - wrong
    assert wrong <= RUNS * 0.05


def test_at_most_two_of_fifty_comparisons_claim_a_change(runs: Sequence[Results]) -> None:
    found = [[change.verdict for change in Changes(base, new).cells] for base, new in neighbours(runs)]
    wrong = sum(Verdict.DIFFERENT in verdicts for verdicts in found)
    logging.info("%d of %d comparisons claim a change", wrong, RUNS // 2)
    assert all(len(verdicts) == 2 and Verdict.TOO_FEW not in verdicts for verdicts in found)
    assert wrong <= RUNS // 2 * 0.05


def test_real_difference_is_detected_in_the_same_runs(runs: Sequence[Results]) -> None:
    verdicts = [Claims(run).verdict(cell(ONE, BUSY), cell(BASELINE, BUSY)) for run in runs]
    assert verdicts.count(Verdict.DIFFERENT) >= RUNS * 0.95
