"""The lines of a table: the ratio of each row, its precision, and whether it differs from the line above."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from upecho.measure.plan.cells import Group
from upecho.measure.plan.scenarios import Scenario
from upecho.measure.statistics.claims import MIN_ROUNDS, Claims, Verdict
from upecho.measure.statistics.ratios import Ratio
from upecho.measure.statistics.summary import Figures, Row, Summary
from upecho.report.figures import percent

ALIKE = "≈"
BOUND = "≥"
UNKNOWN = "?"
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
        mark: Mark for a row that does not differ from the line above; empty for any other.
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
    """Yield a line for each row with figures, the cheapest first."""
    above: Row | None = None
    for row in sorted((row for row in rows if row.figures), key=lambda row: row.cost_ns):
        ratio = claims.ratio(row.cell)
        precision = "" if row.cell == claims.reference(row.cell.group) else _precision(ratio, claims)
        is_alike = above and claims.verdict(above.cell, row.cell) is Verdict.NO_DIFFERENCE
        yield Line(row, ratio, precision=precision, mark=ALIKE if is_alike else "")
        above = row


def _precision(ratio: Ratio, claims: Claims) -> str:
    return UNKNOWN if claims.is_too_busy else precision_text(ratio)


def shows_rate(scenario: Scenario) -> bool:
    """Whether a table shows requests per second; the others show latencies."""
    return scenario.connections > 1 and not scenario.idle


def precision_text(ratio: Ratio) -> str:
    """Return the text of the column ±: half the interval as a percentage, if there were enough rounds for one."""
    return percent(ratio.precision) if ratio.samples >= MIN_ROUNDS else UNKNOWN
