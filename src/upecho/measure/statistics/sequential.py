"""Decides the questions of an A/B test while it is measured, without raising the rate of errors.

Theory of operation
===================

**The sample is the round.** A round starts a fresh process for each side, both with one memory layout, and loads the
two alternately. It contributes one number for each quantity: the logarithm of the ratio of the two sides. Another round
has other processes and another layout, so what varies with these is part of the standard error.

**Looks.** A run that stops as soon as its interval excludes a ratio of 1 looks at the interval many times, and each
time it may exclude the truth by chance. So the number of looks is fixed before: at most ``LOOKS``, after numbers of
rounds that grow by a constant factor; if the time is used up between two of them, the last look replaces the next one.
The allowed probability of an error is divided by the number of looks and by the number of questions (Bonferroni), and
each interval is Student's at that level. With a probability of 95 %, all intervals of a run contain the truth, whenever
and for whatever reason it ends (repeated confidence intervals: Jennison and Turnbull, Journal of the Royal Statistical
Society B 51, 1989). Narrower boundaries exist (Pocock, Biometrika 64, 1977), but they rely on the distribution of the
samples at all looks together; this one needs no more than that each interval is right.

**Symmetry.** Each side comes first in every second round, so what depends on the order cancels. If the sides are equal,
they can be exchanged, so the samples are distributed symmetrically, and Student's interval is right for them or too
wide, even if single samples are far off.
"""

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from upecho.measure.plan.ab_test import ABTest, Limit, Pair
from upecho.measure.statistics.costs import Costs
from upecho.measure.statistics.quantities import Quantity, named
from upecho.measure.statistics.ratios import CONFIDENCE, Ratio, paired
from upecho.measure.trials import Trial

LOOKS = 8
FIRST_LOOK = 4  # rounds; fewer give no useful interval


class Answer(enum.StrEnum):
    """What is known about the difference of a pair."""

    MORE = "costs more"
    LESS = "costs less"
    ALIKE = "no difference larger than the margin"
    UNDECIDED = "undecided"


class Passed(enum.StrEnum):
    """What is known about a limit."""

    WITHIN = "within the limit"
    ABOVE = "above the limit"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Outcome:
    """What is known about a limit of a pair.

    Attributes:
        limit: The limit.
        quantity: What it limits.
        ratio: Ratio of the quantity, with its interval; None if it is unknown in too many rounds.
        passed: What is known.
    """

    limit: Limit
    quantity: Quantity
    ratio: Ratio | None
    passed: Passed


def looks(rounds: int) -> tuple[int, ...]:
    """Return the numbers of rounds after which the intervals are looked at: even, growing, and at most ``LOOKS``.

    Args:
        rounds: Maximum number of rounds.
    """
    first = min(FIRST_LOOK, rounds)
    factor = (rounds / first) ** (1 / (LOOKS - 1))
    found = (2 * round(first * factor**number / 2) for number in range(LOOKS - 1))
    return tuple(dict.fromkeys([*(number for number in found if 0 < number < rounds), rounds]))


def confidence(test: ABTest) -> float:
    """Return the confidence of each interval, with which all of them together have the usual one at every look."""
    quantities = {test.quantity, *(one.quantity for one in test.limits)}
    return 1 - (1 - CONFIDENCE) / (LOOKS * len(test.pairs) * len(quantities))


class Verdicts:
    """What the trials of an A/B test support so far."""

    def __init__(self, test: ABTest, trials: Iterable[Trial]) -> None:
        """Take the trials.

        Args:
            test: What is asked.
            trials: Trials of all rounds that are complete.
        """
        self._test = test
        self._trials = tuple(trials)
        self._costs: dict[str, Costs] = {}

    @property
    def margin(self) -> float:
        """The difference that does not matter, as a share."""
        return self._test.margin

    @property
    def quantity(self) -> Quantity:
        """What the question is about."""
        return named(self._test.quantity)

    def ratio(self, pair: Pair, quantity: Quantity) -> Ratio | None:
        """Return the ratio of the sides of a pair with its interval; None with too few rounds for one."""
        if quantity.name not in self._costs:
            self._costs[quantity.name] = Costs(self._trials, quantity=quantity)
        costs = self._costs[quantity.name]
        logs = costs.pairs(pair.new, pair.base)
        return paired(logs, confidence(self._test)) if len(logs) >= FIRST_LOOK else None

    def answer(self, pair: Pair) -> Answer:
        """Return what is known about the difference of a pair."""
        ratio, margin = self.ratio(pair, self.quantity), 1 + self._test.margin
        if ratio is None:
            return Answer.UNDECIDED
        if 1 / margin <= ratio.low and ratio.high <= margin:
            return Answer.ALIKE
        return Answer.MORE if ratio.low > 1 else Answer.LESS if ratio.high < 1 else Answer.UNDECIDED

    def outcomes(self, pair: Pair) -> Sequence[Outcome]:
        """Return what is known about the limits of a pair."""
        return [self._outcome(pair, limit) for limit in self._test.limits]

    @property
    def exceeded(self) -> bool:
        """Whether a limit is known to be exceeded."""
        outcomes = (one for pair in self._test.pairs for one in self.outcomes(pair))
        return any(one.passed is Passed.ABOVE for one in outcomes)

    def is_decided(self, pair: Pair) -> bool:
        """Whether nothing is asked about a pair any more."""
        if self._test.limits:
            return all(one.passed is not Passed.UNDECIDED for one in self.outcomes(pair))
        return self.answer(pair) is not Answer.UNDECIDED

    def _outcome(self, pair: Pair, limit: Limit) -> Outcome:
        quantity = named(limit.quantity)
        ratio, highest = self.ratio(pair, quantity), 1 + limit.share
        if ratio is None:
            return Outcome(limit, quantity, None, Passed.UNDECIDED)
        above, within = ratio.low > highest, ratio.high <= highest
        return Outcome(limit, quantity, ratio, Passed.ABOVE if above else Passed.WITHIN if within else Passed.UNDECIDED)
