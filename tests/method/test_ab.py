"""A/B tests of equal servers hardly ever claim a difference, and a planted one is found quickly."""

import logging
import math
import random
import statistics
from collections.abc import Sequence

import pytest

from tests.made_up import load
from tests.method.planted import SHARE
from tests.method.runs import BUSY, cell
from upecho.load.engine import best
from upecho.measure.plan.ab_test import ABTest, Pair
from upecho.measure.plan.cell_plan import PlannedCell
from upecho.measure.plan.settings import Limits, RunSettings, Window
from upecho.measure.results import Results
from upecho.measure.run import Run
from upecho.measure.statistics.costs import Costs
from upecho.measure.statistics.quantities import CPU
from upecho.measure.statistics.sequential import Answer, Verdicts, looks
from upecho.measure.trials import Trial
from upecho.serving.target import Target

SECONDS, WINDOWS, MARGIN = 0.24, 4, 0.01
ONE, OTHER = "selectors", "upecho.servers.selectors:serve"
CHEAP, COSTLY = "tests.method.planted:cheap", "tests.method.planted:costly"
REAL_RUNS, RESAMPLED_RUNS, ROUNDS = 20, 100, 26


def ab_run(base: str, new: str, *, rounds: int, seed: int) -> Results:
    """Return a real A/B test over Unix sockets."""
    pair = Pair(cell(base, BUSY), cell(new, BUSY))
    test = ABTest((pair,), CPU.name, margin=MARGIN, windows=WINDOWS)
    settings = RunSettings(Window(0.05, SECONDS, seed, best()), Limits(rounds, 60.0), ab_test=test)
    cells = [PlannedCell(one, Target.parse(one.target), BUSY) for one in (pair.base, pair.new)]
    run = Run(cells, settings)
    for trial in run.measure(lambda cell, number: None):
        assert trial.is_valid, trial
    return run.results()


def answer(run: Results) -> Answer:
    assert run.ab_test
    (pair,) = run.ab_test.pairs
    verdicts = Verdicts(run.ab_test, run.trials)
    logging.info("%s: %s after %d rounds", verdicts.answer(pair), verdicts.ratio(pair, CPU), run.rounds)
    return verdicts.answer(pair)


@pytest.fixture(scope="module")
def equal() -> list[Results]:
    return [ab_run(ONE, OTHER, rounds=10, seed=seed) for seed in range(REAL_RUNS)]


# If one of twenty runs is wrong, four of twenty are wrong once in sixty times.
def test_equal_servers_do_not_differ(equal: Sequence[Results]) -> None:
    wrong = sum(answer(run) in (Answer.MORE, Answer.LESS) for run in equal)
    logging.info("%d of %d real runs claim a difference", wrong, REAL_RUNS)
    assert wrong <= 3


def test_at_most_five_of_a_hundred_resampled_runs_claim_a_difference(equal: Sequence[Results]) -> None:
    """The rounds of all real runs, in random order, with the sides of each exchanged at random."""
    logs = [
        log
        for run in equal
        if run.ab_test
        for pair in run.ab_test.pairs
        for log in Costs(run.trials, quantity=CPU).pairs(pair.new, pair.base)
    ]
    logging.info("%d rounds, which vary by %.2f %%", len(logs), 100 * statistics.stdev(logs))
    source = random.Random(1)
    answers = [_resampled(source, logs) for _ in range(RESAMPLED_RUNS)]
    wrong = sum(one in (Answer.MORE, Answer.LESS) for one in answers)
    logging.info("%d of %d resampled runs claim a difference", wrong, RESAMPLED_RUNS)
    assert wrong <= 0.05 * RESAMPLED_RUNS


def _resampled(source: random.Random, logs: Sequence[float]) -> Answer:
    """Return the answer of a run that draws its rounds from others and stops when it is decided."""
    pair = Pair(cell(ONE, BUSY), cell(OTHER, BUSY))
    trials: list[Trial] = []
    for number in range(1, ROUNDS + 1):
        new_us = 10.0 * math.exp(source.choice(logs) * source.choice((-1, 1)))
        trials += [Trial(pair.base, number, load(10.0)), Trial(pair.new, number, load(new_us))]
        verdicts = Verdicts(ABTest((pair,), CPU.name, margin=MARGIN), trials)
        if number in looks(ROUNDS) and verdicts.is_decided(pair):
            break
    return verdicts.answer(pair)


def test_planted_five_percent_is_found_in_every_short_run() -> None:
    runs = [ab_run(CHEAP, COSTLY, rounds=ROUNDS, seed=seed) for seed in range(5)]
    assert [answer(run) for run in runs] == [Answer.MORE] * 5
    for run in runs:
        assert run.ab_test
        ratio = Verdicts(run.ab_test, run.trials).ratio(run.ab_test.pairs[0], CPU)
        assert ratio
        assert ratio.low <= 1 + SHARE <= ratio.high
