"""Ratios of what was measured in trials, with what chance alone could have made of them.

What is averaged is the logarithm of a ratio, so that A/B and B/A say the same. A pair is two trials that ran in the
same round, so that the machine treated both alike; the pair is the sample, not the request.

Intervals are percentile bootstraps over the samples (Efron and Tibshirani, An Introduction to the Bootstrap, chapter
13), expanded for the few samples there are (Hesterberg, What Teachers Should Know About the Bootstrap, 2015, section
4.2), and never narrower than Student's: a bootstrap never leaves the range of its samples, and all of five are on the
same side of the truth once in sixteen times. Whether there is a difference at all is said by Student's t test of the
same logarithms, and by Welch's where there are no pairs.
"""

import math
import random
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self, TypeVar

from upecho.measure.statistics import student

CONFIDENCE = 0.95
RESAMPLES = 2000

Key = TypeVar("Key")


@dataclass(frozen=True)
class Ratio:
    """A ratio and the interval it is in.

    Attributes:
        ratio: the geometric mean.
        low: lower end of the interval.
        high: upper end; both are the ratio itself where there is but one sample.
        samples: how many there were: pairs, or the fewer ones of two sides.
    """

    ratio: float
    low: float
    high: float
    samples: int

    def __str__(self) -> str:
        return f"{self.ratio:.3f} [{self.low:.3f}, {self.high:.3f}]"

    @property
    def precision(self) -> float:
        """Half the width of the interval, as a share of the ratio."""
        return (self.high - self.low) / 2 / self.ratio


class Mean(NamedTuple):
    """A mean of logarithms.

    Attributes:
        middle: the mean itself.
        error: its standard error.
        degrees: of freedom of that; 0 where one sample tells nothing about the error.
        samples: how many there were: pairs, or the fewer ones of two sides.
    """

    middle: float
    error: float
    degrees: int
    samples: int

    @classmethod
    def of(cls, logs: Sequence[float]) -> Self:
        """Sum up the logarithms of pairs' ratios, or of whatever else; at least one."""
        count = len(logs)
        error = statistics.stdev(logs) / math.sqrt(count) if count > 1 else 0.0
        return cls(statistics.fmean(logs), error, count - 1, count)

    def minus(self, other: "Mean") -> "Mean":
        """Return the difference of two means without pairs: Welch-Satterthwaite, degrees rounded down."""
        error, degrees = math.hypot(self.error, other.error), min(self.degrees, other.degrees)
        if error and degrees:
            degrees = math.floor(error**4 / sum(one.error**4 / one.degrees for one in (self, other)))
        return Mean(self.middle - other.middle, error, degrees, min(self.samples, other.samples))

    @property
    def p_value(self) -> float:
        """How probable a mean at least so far from 0 would be by chance; not corrected for other comparisons."""
        if not self.degrees:
            return 1.0
        return 1 - student.within(abs(self.middle) / self.error, self.degrees) if self.error else float(not self.middle)

    def reach(self, confidence: float = CONFIDENCE) -> float:
        """Return how far the mean may be from the truth; infinite after one sample."""
        return student.quantile(confidence, self.degrees) * self.error if self.degrees else math.inf


def paired(logs: Sequence[float], confidence: float = CONFIDENCE) -> Ratio:
    """Return the ratio that the logarithms of pairs' ratios, at least one, tell of."""
    return _ratio(Mean.of(logs), _means(logs, random.Random(0)), confidence)


def paired_values(pairs: Iterable[tuple[float, float]]) -> Ratio:
    """Return by how much the first value of each pair, all of them above 0, is greater than the second."""
    return paired([math.log(first / second) for first, second in pairs])


def unpaired(first: Sequence[float], second: Sequence[float], confidence: float = CONFIDENCE) -> Ratio:
    """Return the ratio between two sets of logarithms, of which at least one is in each: the first to the second."""
    source = random.Random(0)
    means = [one - two for one, two in zip(_means(first, source), _means(second, source), strict=True)]
    return _ratio(Mean.of(first).minus(Mean.of(second)), means, confidence)


def holm(p_values: Mapping[Key, float]) -> dict[Key, float]:
    """Correct for the number of comparisons: Holm, A Simple Sequentially Rejective Multiple Test Procedure, 1979.

    What is returned is to be held against the same limit as if there were but one comparison.
    """
    adjusted: dict[Key, float] = {}
    highest = 0.0
    for number, (key, value) in enumerate(sorted(p_values.items(), key=lambda item: item[1])):
        highest = max(highest, min(1.0, value * (len(p_values) - number)))
        adjusted[key] = highest
    return adjusted


def _means(logs: Sequence[float], source: random.Random) -> list[float]:
    return [statistics.fmean(source.choices(logs, k=len(logs))) for _ in range(RESAMPLES)]


def _ratio(mean: Mean, means: Sequence[float], confidence: float) -> Ratio:
    middle = math.exp(mean.middle)
    if not mean.degrees:
        return Ratio(middle, middle, middle, mean.samples)
    expanded = student.quantile(confidence, mean.degrees) * math.sqrt(mean.samples / (mean.samples - 1))
    outside = math.floor(statistics.NormalDist().cdf(-expanded) * RESAMPLES)
    ordered, reach = sorted(means), mean.reach(confidence)
    low, high = min(ordered[outside], mean.middle - reach), max(ordered[-1 - outside], mean.middle + reach)
    return Ratio(middle, math.exp(low), math.exp(high), mean.samples)
