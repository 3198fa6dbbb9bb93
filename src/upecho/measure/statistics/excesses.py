"""Which servers are known to exceed a limit: more of a quantity than another server, or than in an earlier run.

A limit counts as exceeded only if the whole interval of the ratio is above it. The intervals are corrected for the
number of comparisons and limits (Bonferroni), and the ratio has to exceed A/A like any other difference.
"""

from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass

from upecho.measure.plan.ab_test import Limit
from upecho.measure.plan.cells import BASELINE, Cell
from upecho.measure.results import Results
from upecho.measure.statistics.changes import Changes
from upecho.measure.statistics.claims import MIN_ROUNDS, Claims
from upecho.measure.statistics.quantities import CPU, INSTRUCTIONS, named
from upecho.measure.statistics.ratios import CONFIDENCE, Estimate, Ratio

COSTS = {CPU.name, INSTRUCTIONS.name}  # the quantities that ``Changes`` is about


@dataclass(frozen=True)
class Excess:
    """A limit that a cell exceeds.

    Attributes:
        cell: The cell.
        limit: The limit.
        ratio: Ratio of the limited quantity.
    """

    cell: Cell
    limit: Limit
    ratio: Ratio


@dataclass(frozen=True)
class _Comparison:
    """The estimates of the logarithm of a ratio, all of which have to exceed a limit, and the A/A floor of the cell."""

    cell: Cell
    limit: Limit
    estimates: Sequence[Estimate]
    floor: float

    def excess(self, confidence: float) -> Excess | None:
        ratios = [one.ratio(confidence) for one in self.estimates]
        highest = max(1 + self.limit.share, 1 + self.floor)
        is_above = all(one.low > 1 + self.limit.share and one.ratio > highest for one in ratios)
        return Excess(self.cell, self.limit, ratios[0]) if is_above else None


@dataclass(frozen=True)
class Judged:
    """What is known about limits.

    Attributes:
        excesses: Where a limit is exceeded.
        compared: The limits about which something is known: at least one cell has an interval.
    """

    excesses: Sequence[Excess]
    compared: Set[Limit]


def above_reference(results: Results, limits: Sequence[Limit]) -> Judged:
    """Return where a server is known to exceed the reference of the run by more than a limit."""
    return _judged(one for limit in limits for one in _with_reference(results, limit))


def above_base(changes: Changes, limits: Sequence[Limit]) -> Judged:
    """Return where a server is known to exceed itself in BASE by more than a limit."""
    return _judged(one for limit in limits for one in _with_base(changes, limit))


def _judged(comparisons: Iterable[_Comparison]) -> Judged:
    every = list(comparisons)
    confidence = 1 - (1 - CONFIDENCE) / max(1, len(every))
    excesses = [found for one in every if (found := one.excess(confidence))]
    return Judged(excesses, {one.limit for one in every})


def _with_reference(results: Results, limit: Limit) -> Iterator[_Comparison]:
    claims = Claims(results, named(limit.quantity))
    for group, cells in () if claims.is_too_busy else claims.costs.groups().items():
        reference = claims.reference(group)
        for cell in cells if results.reference.is_cell(reference) else ():
            logs = claims.costs.pairs(cell, reference)
            if cell not in (reference, Cell(BASELINE, cell.family, cell.scenario)) and len(logs) >= MIN_ROUNDS:
                yield _Comparison(cell, limit, [Estimate.of(logs)], claims.floor(group) or 0.0)


def _with_base(changes: Changes, limit: Limit) -> Iterator[_Comparison]:
    runs = [Claims(summary.results, named(limit.quantity)) for summary in changes.summaries.values()]
    for change in () if any(claims.is_too_busy for claims in runs) else changes.cells:
        floor = max(claims.floor(change.cell.group) or 0.0 for claims in runs)
        if limit.quantity in COSTS:
            if min(one.samples for one in change.estimates) >= MIN_ROUNDS:
                yield _Comparison(change.cell, limit, change.estimates, floor)
            continue
        base, new = (list(claims.costs.logs(change.cell).values()) for claims in runs)
        if min(len(base), len(new)) < MIN_ROUNDS:
            continue
        estimates = [Estimate.of(new).minus(Estimate.of(base))]
        if change.cell.group in changes.baselines:
            baseline = Cell(BASELINE, change.cell.family, change.cell.scenario)
            base, new = (claims.costs.pairs(change.cell, baseline) for claims in runs)
            if base and new:
                estimates.insert(0, Estimate.of(new).minus(Estimate.of(base)))
        yield _Comparison(change.cell, limit, estimates, floor)
