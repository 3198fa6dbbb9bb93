"""The lines of a table, sorted by ratio and divided into groups of servers that cannot be told apart.

The first line of a table begins a group. A line below belongs to the group if no difference between it and the first
line of the group is detected in the pairs of their trials; the first line that differs begins the next group. So each
line is compared with the best of its group directly, and the best of two neighbouring groups are known to differ. Other
lines of different groups may be alike.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from upecho.measure.plan.cells import Group
from upecho.measure.plan.scenarios import Scenario
from upecho.measure.statistics.claims import MIN_ROUNDS, Claims, Verdict
from upecho.measure.statistics.ratios import Ratio
from upecho.measure.statistics.summary import Figures, Row, Summary
from upecho.net.address import Family
from upecho.report.figures import percent

ALIKE = "≈"
BOUND = "≥"
UNKNOWN = "?"
UNSTEADY = "~"
PRECISION = "±: half of the ratio's 95% interval, as a share of the ratio"
TOO_BUSY = f"{UNKNOWN} unknown, because too many trials were disturbed"
TOO_FEW = f"{UNKNOWN} fewer than {MIN_ROUNDS} rounds: too few for an interval, and for claiming a difference"


@dataclass(frozen=True)
class Line:
    """A row with figures, as a line of its table.

    Attributes:
        row: Row that is shown.
        ratio: Cost of the row relative to the reference of the table.
        precision: Text of the column ±; empty for the reference.
        mark: Mark for a row that does not differ from the first of its group; empty for the first.
    """

    row: Row
    ratio: Ratio
    precision: str
    mark: str

    @property
    def figures(self) -> Figures:
        """The figures of the row."""
        assert self.row.figures
        return self.row.figures


Lines = Mapping[Group, Sequence[Line]]


def lines(summary: Summary) -> Lines:
    """Return the lines of each table with ratios, which latency curves do not have."""
    tables: dict[Group, list[Row]] = {}
    curves = {scenario.name for scenario in summary.results.scenarios if scenario.curve}
    for row in summary.rows:
        if row.cell.scenario not in curves:
            tables.setdefault(row.cell.group, []).append(row)
    return {group: list(_lines(rows, summary.claims)) for group, rows in tables.items()}


def _lines(rows: Sequence[Row], claims: Claims) -> Iterator[Line]:
    """Yield a line for each row with figures, the smallest ratio first."""
    best: Row | None = None
    ratios = [(row, claims.ratio(row.cell)) for row in rows if row.figures]
    for row, ratio in sorted(ratios, key=lambda item: (item[1].ratio, item[0].label)):
        precision = "" if row.cell == claims.reference(row.cell.group) else _precision(ratio, claims)
        is_alike = best is not None and claims.verdict(best.cell, row.cell) is Verdict.NO_DIFFERENCE
        best = best if is_alike else row
        yield Line(row, ratio, precision=precision, mark=ALIKE if is_alike else "")


def _precision(ratio: Ratio, claims: Claims) -> str:
    return UNKNOWN if claims.is_too_busy else precision_text(ratio)


def over(family: Family) -> str:
    """Return the heading of a family's table."""
    return f"over {family}"


def shows_rate(scenario: Scenario) -> bool:
    """Whether a table shows requests per second; the others show latencies."""
    return scenario.connections > 1 and not scenario.idle


def precision_text(ratio: Ratio) -> str:
    """Return the text of the column ±: half the interval as a percentage, if there were enough rounds for one."""
    return percent(ratio.precision) if ratio.samples >= MIN_ROUNDS else UNKNOWN
