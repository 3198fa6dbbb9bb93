"""What a table says beside the figures of a row: its ratio, how far that is known, and what it cannot be told from."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from upecho.measure.cells import Scenario
from upecho.measure.results import Results
from upecho.measure.statistics.claims import FEWEST, Claims, Verdict
from upecho.measure.statistics.costs import Group
from upecho.measure.statistics.ratios import Ratio
from upecho.measure.statistics.summary import Numbers, Row
from upecho.report.figures import percent

ALIKE = "≈"
BOUND = "≥"
UNKNOWN = "?"
TOO_FEW = f"{UNKNOWN} fewer than {FEWEST} rounds: too few for an interval, or to call anything a difference"


class Line(NamedTuple):
    """A row that has numbers, in its table.

    Attributes:
        row: what is shown.
        ratio: of its cost to that of the table's reference.
        reach: what stands under ±; empty for the reference.
        mark: that it cannot be told from the line above; empty otherwise.
    """

    row: Row
    ratio: Ratio
    reach: str
    mark: str

    @property
    def numbers(self) -> Numbers:
        """What was measured."""
        assert self.row.numbers
        return self.row.numbers


Lines = Mapping[Group, Sequence[Line]]


def lines(results: Results, rows: Sequence[Row], claims: Claims) -> Lines:
    """Return the lines of each table; a curve has none."""
    curves = {scenario.name for scenario in results.scenarios if scenario.curve}
    tables: dict[Group, list[Row]] = {}
    for row in rows:
        if row.cell.scenario not in curves:
            tables.setdefault(row.cell.name.group, []).append(row)
    return {group: list(_lines(table, claims)) for group, table in tables.items()}


def _lines(rows: Sequence[Row], claims: Claims) -> Iterator[Line]:
    """Yield a line for each row that has numbers, the cheapest on top."""
    above: Row | None = None
    for row in sorted((row for row in rows if row.numbers), key=lambda row: row.cost):
        name = row.cell.name
        ratio = claims.ratio(name)
        reach = "" if name == claims.costs.reference(name.group) else reached(ratio)
        alike = above and claims.verdict(above.cell.name, name) is Verdict.NO_DIFFERENCE
        yield Line(row, ratio, reach, ALIKE if alike else "")
        above = row


def shows_rate(scenario: Scenario) -> bool:
    """Whether a table says how many requests a second there were; the others say how long each took."""
    return scenario.connections > 1 and not scenario.idle


def reached(ratio: Ratio) -> str:
    """Return half of the interval of a ratio, if there were rounds enough for one."""
    return percent(ratio.precision) if ratio.samples >= FEWEST else UNKNOWN
