"""Merges the results of loads on one server: at the same time, by several threads or machines, or one after another.

Everything is merged from counts: a percentile of the merged latencies is the percentile of all single latencies.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from itertools import chain, zip_longest
from typing import Any

from upecho.load.histogram import decoded, encoded
from upecho.load.latency import Latency, percentile
from upecho.load.plan import Failure, LoadResult, ServerUse


def merged(loads: Sequence[LoadResult]) -> LoadResult:
    """Return the result that one engine would report for the connections of all.

    The rate counts from the first request to the last reply, so the longest of the loads determines the time; loads
    that did not begin at the same moment overlap for less. One saturated part makes the whole saturated, because its
    share of the rate is a lower bound.

    Args:
        loads: Results of the same engine, at least one. What the server used can be known from one of them only; the
            windows of several readings would differ, so then it is unknown.

    Raises:
        ValueError: There is no result, they are from different engines, or a histogram is invalid.
    """
    names = {load.engine for load in loads}
    if len(names) != 1:
        raise ValueError(f"results can be merged if they are from one load engine, not {sorted(names) or 'from none'}")
    lags = sum((decoded(load.lag_histogram) for load in loads if load.lag_histogram), Counter[int]())
    return LoadResult(
        engine=names.pop(),
        requests=sum(load.requests for load in loads),
        payload_bytes=sum(load.payload_bytes for load in loads),
        elapsed_ns=max(load.elapsed_ns for load in loads),
        engine_cpu_ns=sum(load.engine_cpu_ns for load in loads),
        server=_only(load.server for load in loads),
        saturated=any(load.saturated for load in loads),
        latency=Latency.merged([load.latency for load in loads]),
        errors=_sum_of_errors(loads),
        slices=tuple(map(sum, zip_longest(*(load.slices for load in loads), fillvalue=0))),
        lag_p99_ns=percentile(lags, 99),
        lag_max_ns=max(load.lag_max_ns for load in loads),
        engine_switches=sum(load.engine_switches for load in loads),
        stolen_ns=sum(load.stolen_ns for load in loads),
        lag_histogram=encoded(lags) if lags else "",
        threads=sum(load.threads for load in loads),
    )


LEVELS = frozenset({"resident_bytes", "peak_bytes", "threads"})  # of a server; its other figures are counts


def in_sequence(loads: Sequence[LoadResult]) -> LoadResult:
    """Return the result of several loads on one server, one after another.

    Args:
        loads: Results of the same engine, at least one, in their order.

    Raises:
        ValueError: As for ``merged``.
    """
    uses = [load.server for load in loads if load.server]
    return replace(
        merged([replace(load, server=None) for load in loads]),
        elapsed_ns=sum(load.elapsed_ns for load in loads),
        server=_added(uses) if len(uses) == len(loads) else None,
        saturated=2 * sum(load.saturated for load in loads) >= len(loads),
        slices=tuple(chain.from_iterable(load.slices for load in loads)),
        threads=max(load.threads for load in loads),
    )


def _added(uses: Sequence[ServerUse]) -> ServerUse:
    """Add what a server used in several loads; its resident memory is that before the first of them."""
    counts: dict[str, Any] = {}
    for name in {field.name for field in fields(ServerUse)} - LEVELS:
        values = [getattr(use, name) for use in uses]
        counts[name] = None if None in values else sum(values)
    peak_bytes, threads = max(use.peak_bytes for use in uses), max(use.threads for use in uses)
    return replace(uses[0], **counts, peak_bytes=peak_bytes, threads=threads)


def _only(uses: Iterable[ServerUse | None]) -> ServerUse | None:
    known = [use for use in uses if use]
    return known[0] if len(known) == 1 else None


def _sum_of_errors(loads: Iterable[LoadResult]) -> dict[Failure, int]:
    errors: Counter[Failure] = Counter()
    for load in loads:
        errors.update(load.errors)
    return dict(errors)
