"""Latencies of many requests, summed up: percentiles, and a histogram that can be merged with others."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

SIGNIFICANT_DIGITS = 3  # of a histogram's values, as HdrHistogram users are used to


@dataclass(frozen=True)
class Latency:
    """Latencies in nanoseconds; all zero where there was no request.

    Attributes:
        min_ns: the shortest.
        mean_ns: their mean.
        p50_ns: the median.
        p99_ns: 99 % took at most that long.
        p999_ns: 99.9 % took at most that long.
        max_ns: the longest.
        histogram: pairs of latency, rounded down to three significant digits, and how often it occurred.
    """

    min_ns: int
    mean_ns: int
    p50_ns: int
    p99_ns: int
    p999_ns: int
    max_ns: int
    histogram: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, latencies_ns: Sequence[int]) -> Self:
        """Sum up single latencies."""
        ordered = sorted(latencies_ns) or [0]
        return cls(
            min_ns=ordered[0],
            mean_ns=sum(ordered) // len(ordered),
            p50_ns=percentile(ordered, 50),
            p99_ns=percentile(ordered, 99),
            p999_ns=percentile(ordered, 99.9),
            max_ns=ordered[-1],
            histogram=tuple(sorted(Counter(map(rounded, latencies_ns)).items())),
        )

    @classmethod
    def from_fields(cls, fields: dict[str, Any]) -> Self:
        """Build one from what ``dataclasses.asdict`` made of it, also after a journey through JSON."""
        return cls(**fields | {"histogram": tuple((value, count) for value, count in fields["histogram"])})


def percentile(ordered: Sequence[int], percent: float) -> int:
    """Return the smallest value that at least ``percent`` of all values do not exceed (the nearest rank)."""
    # Rounding first: 99.9 % of 1000 is 999, but 99.9 / 100 * 1000 is 999.0000000000001.
    rank = math.ceil(round(percent * len(ordered) / 100, 6))
    return ordered[max(rank, 1) - 1]


def rounded(value: int) -> int:
    """Round down to three significant digits."""
    step = 10 ** max(0, len(str(value)) - SIGNIFICANT_DIGITS)
    return value - value % int(step)
