"""Estimates of ratios from few samples: Student's t intervals and tests of their logarithms.

The theory of operation is at the head of this package.
"""

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self, TypeVar

from upecho.measure.statistics import student

CONFIDENCE = 0.95
MAX_EXPONENT = 700.0  # e**709 is the largest power that a float holds

Key = TypeVar("Key")


@dataclass(frozen=True)
class Ratio:
    """A ratio and its confidence interval.

    Attributes:
        ratio: Geometric mean of the ratios of the samples.
        low: Lower end of the interval; 0 if there is only one sample.
        high: Upper end of the interval; infinite if there is only one sample.
        samples: Number of samples: pairs, or the smaller number of the two sides.
    """

    ratio: float
    low: float
    high: float
    samples: int

    def __str__(self) -> str:
        return self.text(3)

    def text(self, decimals: int) -> str:
        """Return the ratio with its interval, such as ``1.234 [1.222, 1.246]``."""
        return f"{self.ratio:.{decimals}f} {self.interval(decimals)}"

    def interval(self, decimals: int) -> str:
        """Return the interval alone."""
        return f"[{self.low:.{decimals}f}, {self.high:.{decimals}f}]"

    @property
    def precision(self) -> float:
        """Half the width of the interval, as a share of the ratio: what reports show after ±."""
        return (self.high - self.low) / 2 / self.ratio

    @property
    def inverse(self) -> "Ratio":
        """The ratio of the second side to the first."""
        return Ratio(1 / self.ratio, 1 / self.high, 1 / self.low if self.low else math.inf, self.samples)


@dataclass(frozen=True)
class Estimate:
    """An estimate of the mean of logarithms, such as those of ratios.

    Attributes:
        mean: Mean of the samples.
        error: Standard error of the mean.
        degrees: Degrees of freedom of the standard error; 0 if there is only one sample.
        samples: Number of samples: pairs, or the smaller number of the two sides.
    """

    mean: float
    error: float
    degrees: int
    samples: int

    @classmethod
    def of(cls, logs: Sequence[float]) -> Self:
        """Estimate the mean from at least one sample."""
        count = len(logs)
        mean = statistics.fmean(logs)
        squares = math.fsum((log - mean) ** 2 for log in logs)  # statistics.stdev takes ten times as long
        error = math.sqrt(squares / (count - 1) / count) if count > 1 else 0.0
        return cls(mean, error, count - 1, count)

    def minus(self, other: "Estimate") -> "Estimate":
        """Return the difference of two means of unpaired samples.

        The degrees of freedom are those of Welch and Satterthwaite, rounded down: the t distribution is used for
        whole degrees only, and fewer degrees give a wider interval.
        """
        error, degrees = math.hypot(self.error, other.error), min(self.degrees, other.degrees)
        if error and degrees:
            degrees = math.floor(error**4 / sum(one.error**4 / one.degrees for one in (self, other)))
        return Estimate(self.mean - other.mean, error, degrees, min(self.samples, other.samples))

    @property
    def p_value(self) -> float:
        """The two-sided p-value of the hypothesis that the mean is 0, not corrected for other comparisons."""
        if not self.degrees:
            return 1.0
        if not self.error:
            return float(not self.mean)
        return 1 - student.probability_within(abs(self.mean) / self.error, self.degrees)

    def half_width(self, confidence: float = CONFIDENCE) -> float:
        """Return half the width of the confidence interval of the mean; infinite if there is only one sample."""
        return student.quantile(confidence, self.degrees) * self.error if self.degrees else math.inf

    def ratio(self, confidence: float = CONFIDENCE) -> Ratio:
        """Return the ratio whose logarithm is estimated, with its confidence interval."""
        half_width = self.half_width(confidence)
        low, high = _exp(self.mean - half_width), _exp(self.mean + half_width)
        return Ratio(_exp(self.mean), low, high, self.samples)


def paired(logs: Sequence[float], confidence: float = CONFIDENCE) -> Ratio:
    """Return the ratio between the two sides of pairs.

    Args:
        logs: Logarithm of the ratio of each pair; at least one.
        confidence: Confidence of the interval.
    """
    return Estimate.of(logs).ratio(confidence)


def paired_values(pairs: Iterable[tuple[float, float]]) -> Ratio:
    """Return the ratio of the first values of pairs to the second ones; all values are above 0."""
    return paired([math.log(first / second) for first, second in pairs])


def unpaired(first: Sequence[float], second: Sequence[float], confidence: float = CONFIDENCE) -> Ratio:
    """Return the ratio of the first side to the second.

    Args:
        first: Logarithms of the values on the first side; at least one.
        second: Logarithms of the values on the second side; at least one.
        confidence: Confidence of the interval.
    """
    return Estimate.of(first).minus(Estimate.of(second)).ratio(confidence)


def holm(p_values: Mapping[Key, float]) -> dict[Key, float]:
    """Correct p-values for the number of comparisons.

    Each corrected value is compared with the same significance level as a single p-value would be. The method is
    that of Holm, A Simple Sequentially Rejective Multiple Test Procedure, Scandinavian Journal of Statistics 6, 1979.
    """
    corrected: dict[Key, float] = {}
    highest = 0.0
    for number, (key, value) in enumerate(sorted(p_values.items(), key=lambda item: item[1])):
        highest = max(highest, min(1.0, value * (len(p_values) - number)))
        corrected[key] = highest
    return corrected


def _exp(exponent: float) -> float:
    return math.exp(exponent) if exponent < MAX_EXPONENT else math.inf
