"""Latencies of many requests, summarised as percentiles and as a histogram that can be merged with others."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from upecho.load.histogram import counts_of, decoded, encoded, highest
from upecho.support.decoding import ADDED_LATER


@dataclass(frozen=True)
class Latency:
    """Latencies of the requests of one load; all zero if there was no request.

    Percentiles are those that HdrHistogram computes from the histogram: the highest values of their buckets. They are
    at most 0.1% too high, so they may exceed the maximum by as much. The other figures are exact.

    Attributes:
        min_ns: Shortest latency, in nanoseconds.
        mean_ns: Mean latency, in nanoseconds.
        p50_ns: Median latency, in nanoseconds.
        p99_ns: 99th percentile of the latency, in nanoseconds.
        p999_ns: 99.9th percentile of the latency, in nanoseconds.
        max_ns: Longest latency, in nanoseconds.
        histogram: All latencies as an HdrHistogram (V2 compressed, in base64), with three significant digits.
        remainder_ns: Sum of the latencies minus mean_ns for each of them, in nanoseconds: what the mean lacks to be
            exact.
    """

    min_ns: int
    mean_ns: int
    p50_ns: int
    p99_ns: int
    p999_ns: int
    max_ns: int
    histogram: str
    remainder_ns: int = field(default=0, metadata={ADDED_LATER: True})

    @classmethod
    def of(cls, latencies_ns: Sequence[int]) -> Self:
        """Summarise single latencies."""
        exact = (sum(latencies_ns), min(latencies_ns, default=0), max(latencies_ns, default=0))
        return cls.counted(counts_of(latencies_ns), *exact)

    @classmethod
    def counted(cls, counts: Mapping[int, int], sum_ns: int, min_ns: int, max_ns: int) -> Self:
        """Summarise latencies that are already counted in buckets.

        Args:
            counts: Number of latencies in each bucket.
            sum_ns: Exact sum of the latencies, in nanoseconds.
            min_ns: Exact minimum, in nanoseconds.
            max_ns: Exact maximum, in nanoseconds.
        """
        mean_ns, remainder_ns = divmod(sum_ns, max(1, sum(counts.values())))
        return cls(
            min_ns=min_ns,
            mean_ns=mean_ns,
            p50_ns=percentile(counts, 50),
            p99_ns=percentile(counts, 99),
            p999_ns=percentile(counts, 99.9),
            max_ns=max_ns,
            histogram=encoded(counts),
            remainder_ns=remainder_ns,
        )

    @classmethod
    def merged(cls, parts: Sequence["Latency"]) -> Self:
        """Summarise the latencies of several loads: equal to the summary of all their single latencies.

        Raises:
            ValueError: A histogram is not one that ``histogram.encoded`` returned.
        """
        counted = [(one, counts) for one in parts if (counts := decoded(one.histogram))]
        return cls.counted(
            sum((counts for _, counts in counted), Counter()),
            sum_ns=sum(one.mean_ns * counts.total() + one.remainder_ns for one, counts in counted),
            min_ns=min((one.min_ns for one, _ in counted), default=0),
            max_ns=max((one.max_ns for one, _ in counted), default=0),
        )


def percentile(counts: Mapping[int, int], percent: float) -> int:
    """Return the highest value of the bucket that contains a percentile; 0 if all buckets are empty.

    The rank of the percentile is rounded half up, with the same arithmetic as in HdrHistogram's implementations in C
    and Python, so that such tools find the same values in a results file.
    """
    rank = max(1, int(percent * sum(counts.values()) / 100 + 0.5))
    for number in sorted(counts):
        rank -= counts[number]
        if rank <= 0:
            return highest(number)
    return 0
