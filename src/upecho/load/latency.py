"""Latencies of many requests, summed up: percentiles, and a histogram that can be merged with others."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from upecho.load.histogram import counts_of, encoded, highest


@dataclass(frozen=True)
class Latency:
    """Latencies in nanoseconds; all zero where there was no request.

    Percentiles are the highest values of their buckets, so at most 0.1 % too high; the other three are exact.

    Attributes:
        min_ns: the shortest.
        mean_ns: their mean.
        p50_ns: the median.
        p99_ns: 99 % took at most that long.
        p999_ns: 99.9 % took at most that long.
        max_ns: the longest.
        histogram: all of them, as text that HdrHistogram's tools read; see ``histogram``.
    """

    min_ns: int
    mean_ns: int
    p50_ns: int
    p99_ns: int
    p999_ns: int
    max_ns: int
    histogram: str

    @classmethod
    def of(cls, latencies_ns: Sequence[int]) -> Self:
        """Sum up single latencies."""
        exact = (sum(latencies_ns), min(latencies_ns, default=0), max(latencies_ns, default=0))
        return cls.counted(counts_of(latencies_ns), *exact)

    @classmethod
    def counted(cls, counts: Mapping[int, int], sum_ns: int, min_ns: int, max_ns: int) -> Self:
        """Sum up latencies that are counted in buckets already."""
        return cls(
            min_ns=min_ns,
            mean_ns=sum_ns // max(1, sum(counts.values())),
            p50_ns=min(percentile(counts, 50), max_ns),
            p99_ns=min(percentile(counts, 99), max_ns),
            p999_ns=min(percentile(counts, 99.9), max_ns),
            max_ns=max_ns,
            histogram=encoded(counts),
        )


def percentile(counts: Mapping[int, int], percent: float) -> int:
    """Return the highest value of the first bucket that, with those before it, has ``percent`` of all (nearest rank).

    It is 0 if nothing was counted.
    """
    # Rounding first: 99.9 % of 1000 is 999, but 99.9 / 100 * 1000 is 999.0000000000001.
    rank = max(1, math.ceil(round(percent * sum(counts.values()) / 100, 6)))
    for number in sorted(counts):
        rank -= counts[number]
        if rank <= 0:
            return highest(number)
    return 0
