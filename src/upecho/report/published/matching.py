"""Finds the measurement that is nearest to a published claim: the same two targets under the load that it names."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from upecho.measure.plan.cells import Group
from upecho.measure.statistics.claims import MIN_ROUNDS
from upecho.measure.statistics.costs import Costs
from upecho.measure.statistics.quantities import INTERVAL
from upecho.measure.statistics.ratios import Ratio, paired
from upecho.measure.statistics.summary import Row, Status, Summary
from upecho.report.published.claims import Pair
from upecho.serving import loops
from upecho.support.text import plural

# The results have the whole reason, which may contain paths of the machine.
WHY: Mapping[Status, str] = {
    Status.FAILED: "failed in a trial",
    Status.FAILS_CHECKS: "failed a check",
    Status.UNUSABLE: "could not be loaded",
    Status.VOID: "has no valid trial",
    Status.UNSUPPORTED: "does not support this load",
    Status.NOT_COMPARABLE: "was measured in another way",
    Status.NOT_MEASURED: "has no trial",
}


@dataclass(frozen=True)
class Measured:
    """What a run says about a pair.

    Attributes:
        rate: Requests per second of A to those of B.
        cpu: CPU time per request of B to that of A; None if the system does not report it.
        shows_interval: Whether there were enough rounds, and was little enough disturbed, for an interval.
        note: What restricts the measurement; empty if nothing does.
        a: A with its figures.
        b: B with its figures.
        summary: The run.
    """

    rate: Ratio
    cpu: Ratio | None
    shows_interval: bool
    note: str
    a: Row
    b: Row
    summary: Summary


@dataclass(frozen=True)
class Unmeasured:
    """Why a pair has no measurement.

    Attributes:
        target: The target without figures; empty if no run was to measure both.
        why: What became of it, as the end of a sentence; empty if no run was to measure both.
    """

    target: str = ""
    why: str = ""


def find(pair: Pair, summaries: Sequence[Summary]) -> Measured | Unmeasured:
    """Return what was measured of a pair, or why it was not; the first run that has both targets counts."""
    found = [_measured(pair, summary) for summary in summaries]
    measured = (one for one in found if isinstance(one, Measured))
    reasons = (one for one in found if one != Unmeasured())
    return next(measured, None) or next(reasons, Unmeasured())


def _measured(pair: Pair, summary: Summary) -> Measured | Unmeasured:
    reasons = []
    for a, b in _rows(pair, summary):
        if a.figures and b.figures and summary.claims.costs.pairs(a.cell, b.cell):
            return _compare(a, b, summary)
        reasons += [Unmeasured(row.cell.target, WHY[row.status]) for row in (a, b) if not row.figures]
    return reasons[0] if reasons else Unmeasured()


def _rows(pair: Pair, summary: Summary) -> Iterator[tuple[Row, Row]]:
    """Yield the rows of both targets, for each Python that ran them, as far as the run was to measure them."""
    group = Group(pair.scenario, pair.family)
    rows = [row for row in summary.rows if row.cell.group == group and not row.cell.cold]
    for a in (row for row in rows if _is(row, pair.a)):
        yield from ((a, b) for b in rows if _is(b, pair.b) and b.cell.python == a.cell.python)


def _failed_checks(row: Row) -> str:
    failed = row.request.failed_checks
    return f"{row.cell.target} fails {plural(len(failed), 'check')}" if failed else ""


def _is(row: Row, target: str) -> bool:
    """Whether a row is about a target; asyncio's own loop need not be named."""
    own = f"+{loops.ASYNCIO}"
    return row.cell.target.removesuffix(own) == target.removesuffix(own)


def _compare(a: Row, b: Row, summary: Summary) -> Measured:
    assert a.figures
    assert b.figures
    rates = Costs(summary.results.trials, quantity=INTERVAL)
    rate = paired(rates.pairs(b.cell, a.cell))
    cpu = paired(summary.claims.costs.pairs(b.cell, a.cell)) if a.figures.cpu_ns and b.figures.cpu_ns else None
    limited = a.figures.saturated or b.figures.saturated
    notes = [
        "the machine was too busy for an interval" if summary.claims.is_too_busy else "",
        f"{plural(rate.samples, 'round')}, too few for an interval" if rate.samples < MIN_ROUNDS else "",
        "the load engine limited the rate" if limited else "",
        *(_failed_checks(row) for row in (a, b)),
    ]
    shows_interval = rate.samples >= MIN_ROUNDS and not summary.claims.is_too_busy
    return Measured(rate, cpu, shows_interval, note="; ".join(filter(None, notes)), a=a, b=b, summary=summary)
