"""Renders the figures of a run for github-action-benchmark, whose tool ``customSmallerIsBetter`` reads this format.

The format is described at https://github.com/benchmark-action/github-action-benchmark#examples: an array of objects
with a ``name``, a ``unit`` and a ``value``, and with the optional texts ``range`` and ``extra``. The name identifies a
history, so it contains nothing that changes from one run to the next. The range is half of the 95% interval of the
mean, in the unit of the value.
"""

import json
from collections.abc import Iterator
from typing import Any

from upecho.measure.statistics.claims import MIN_ROUNDS
from upecho.measure.statistics.ratios import CONFIDENCE
from upecho.measure.statistics.summary import Summary
from upecho.report.export.series import Quantity, Series, series
from upecho.report.figures import significant, three_digits
from upecho.support.text import plural

DIGITS, RANGE_DIGITS = 5, 2  # significant ones; no interval is so narrow that more would matter


def github_action_benchmark(summary: Summary) -> str:
    """Return the costs and ratios of a run as JSON; cells without figures are left out."""
    entries = [_entry(one, summary) for one in series(summary)]
    return json.dumps(entries, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _entry(one: Series, summary: Summary) -> dict[str, Any]:
    name, unit, scale = f"{one.row.cell.group}: {one.row.cell.label}", "ratio", 1.0
    if one.figures.instructions:
        name += ", instructions"
    if one.quantity is Quantity.COST and one.figures.instructions:
        unit = "instructions per request"
    elif one.quantity is Quantity.COST:
        unit, scale = "µs of CPU time per request" if one.figures.cpu_ns else "µs per request", 1e-3
    else:
        name += f", relative to {one.reference}"
    entry = {"name": name, "unit": unit, "value": significant(scale * one.value, DIGITS)}
    if len(one.logs) >= MIN_ROUNDS:
        half_width = scale * one.value * one.interval(CONFIDENCE).precision
        entry["range"] = f"± {significant(half_width, RANGE_DIGITS):g}"
    return entry | {"extra": "\n".join(_extra(one, summary))}


def _extra(one: Series, summary: Summary) -> Iterator[str]:
    """Yield lines that the charts show beside a point."""
    figures, here = one.figures, summary.results.environment
    yield f"{plural(figures.trials, 'trial')}, {plural(len(one.logs), 'round')}"
    if not figures.instructions:
        yield f"{three_digits(figures.rate.median)} requests/s"
        yield f"p50 {three_digits(figures.p50_ns.median / 1e3)} µs, p99 {three_digits(figures.p99_ns.median / 1e3)} µs"
    if summary.claims.is_too_busy:
        yield f"the machine was too busy: {summary.claims.disturbed:.0%} of the trials were disturbed"
    if checks := one.row.request.failed_checks:
        yield f"fails {plural(len(checks), 'conformance check')}"
    yield f"upecho {here.upecho}, {here.python}, {here.system}, {here.cpu}"
