"""Latency curves: a table per family, with a line for each server and figure and a column for each load."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from rich.cells import cell_len
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from upecho.measure.plan.scenarios import Scenario
from upecho.measure.statistics.summary import Figures, Row, Spread
from upecho.report.benchmark.absent import absent
from upecho.report.benchmark.columns import NONE, Column
from upecho.report.benchmark.lines import over
from upecho.report.figures import three_digits
from upecho.report.layout import MIN_NAME_WIDTH, shortened

Lines = Mapping[str, Callable[[Figures], str]]  # the texts of a line for each load, by the name of the line


def _microseconds(spread: Spread) -> str:
    return three_digits(spread.median / 1e3)


PERCENTILES: Lines = {
    "p50": lambda figures: _microseconds(figures.p50_ns),
    "p99": lambda figures: _microseconds(figures.p99_ns),
    "p99.9": lambda figures: _microseconds(figures.p999_ns),
}
UNIT = "µs"
LOAD_WIDTH = 8  # characters of the column of a load


def tables(
    scenarios: Sequence[Scenario], rows: Sequence[Row], width: int, columns: Sequence[Column] = ()
) -> Iterator[RenderableType]:
    """Yield the tables of one curve.

    Args:
        scenarios: The points of the curve.
        rows: Rows of a run, among them those of other scenarios.
        width: Width of the terminal, in characters.
        columns: What to show in lines of each server; empty for the percentiles of the latency.
    """
    lines = {one.title: one.text for one in columns} or PERCENTILES
    points = [scenario.name for scenario in scenarios]
    rows = [row for row in rows if row.cell.scenario in points]
    for family in dict.fromkeys(row.cell.family for row in rows):
        yield from _family_table(scenarios, [row for row in rows if row.cell.family == family], lines, width=width)
        yield Text()


def _family_table(
    scenarios: Sequence[Scenario], rows: Sequence[Row], lines: Lines, *, width: int
) -> Iterator[RenderableType]:
    """Yield the table of a family, and a line for each server without any figures."""
    servers: dict[str, dict[str, Row]] = {}
    for row in rows:
        servers.setdefault(row.cell.label, {})[row.cell.scenario] = row
    measured = [points for points in servers.values() if any(row.figures for row in points.values())]
    missing = [_first(points) for points in servers.values() if points not in measured]
    title, labels = over(rows[0].cell.family), [_first(points).label for points in measured]
    room = width - (1 + max(map(len, lines))) - len(scenarios) * (1 + LOAD_WIDTH)
    names = shortened([title, *labels, *(row.cell.label for row in missing)], max(MIN_NAME_WIDTH, room))
    unit = UNIT if lines is PERCENTILES else ""
    table = _empty_table(names[title], scenarios, unit=unit, name_width=max(map(cell_len, names.values())))
    for label, points in zip(labels, measured, strict=True):
        for number, (name, text) in enumerate(lines.items()):
            shown = [_figure(points.get(scenario.name), text) for scenario in scenarios]
            table.add_row(Text("" if number else names[label]), name, *shown)
    yield table
    yield from absent(missing, names, width)


def _first(points: Mapping[str, Row]) -> Row:
    """Return one row of a server; all of them have the same label."""
    return next(iter(points.values()))


def _empty_table(title: str, scenarios: Sequence[Scenario], *, unit: str, name_width: int) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim")
    table.add_column(title, width=name_width, no_wrap=True, header_style="bold cyan")
    table.add_column(unit, no_wrap=True)
    for scenario in scenarios:
        table.add_column(f"{scenario.share:.0%}", justify="right", no_wrap=True, min_width=LOAD_WIDTH)
    return table


def _figure(row: Row | None, text: Callable[[Figures], str]) -> str:
    return text(row.figures) if row and row.figures else NONE
