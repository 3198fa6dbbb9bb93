"""The quantities of a run whose history is worth keeping: what a request costs, and that relative to the reference.

The ratio is the better one to watch where the machine is not always the same, because a slower machine makes the
reference slower, too.
"""

import enum
from collections.abc import Iterator
from dataclasses import dataclass

from upecho.measure.statistics.ratios import Ratio, paired
from upecho.measure.statistics.summary import Figures, Row, Summary


class Quantity(enum.StrEnum):
    """What is measured; a smaller value is better."""

    COST = "cost"  # of a request, in nanoseconds: CPU time, or elapsed time if the system does not report CPU time
    RATIO = "ratio"  # of the cost to that of the reference in the same round


@dataclass(frozen=True)
class Series:
    """One quantity of one cell in one run, which is one point of a history.

    Attributes:
        row: Row of the cell, which has figures.
        quantity: What is measured.
        value: The value that reports show.
        logs: Logarithm of the value in each round.
        reference: What the ratio is relative to, as reports name it; empty for a cost.
    """

    row: Row
    quantity: Quantity
    value: float
    logs: tuple[float, ...]
    reference: str = ""

    @property
    def figures(self) -> Figures:
        """The figures of the cell."""
        assert self.row.figures
        return self.row.figures

    def interval(self, confidence: float) -> Ratio:
        """Return the interval of the mean value; its ends are infinite or 0 if there is only one round."""
        return paired(self.logs, confidence)


def series(summary: Summary) -> Iterator[Series]:
    """Yield the quantities of each cell with figures, in the order of the request.

    There is no ratio for the points of a latency curve, because their load depends on the server, and none where the
    reference has no figures: what replaces it may be another server in the next run.
    """
    curves = {scenario.name for scenario in summary.results.scenarios if scenario.curve}
    for row in summary.rows:
        if row.figures:
            logs = summary.claims.costs.logs(row.cell)
            yield Series(row, Quantity.COST, row.cost, logs=tuple(logs.values()))
            if row.cell.scenario not in curves:
                yield from _ratio(row, summary)


def _ratio(row: Row, summary: Summary) -> Iterator[Series]:
    asked, reference = summary.results.reference, summary.claims.reference(row.cell.group)
    logs = summary.claims.costs.pairs(row.cell, reference)
    if logs and row.cell != reference and asked.is_cell(reference):
        yield Series(row, Quantity.RATIO, paired(logs).ratio, logs=tuple(logs), reference=asked.label)
