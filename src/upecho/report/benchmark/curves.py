"""Latency curves: a table per family, with a line for each server and percentile and a column for each load."""

from collections.abc import Callable, Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from upecho.measure.plan.scenarios import Scenario
from upecho.measure.statistics.summary import Figures, Row, Spread
from upecho.net.address import Family
from upecho.report.benchmark.absent import absent
from upecho.report.figures import three_digits

PERCENTILES: dict[str, Callable[[Figures], Spread]] = {
    "p50": lambda figures: figures.p50_ns,
    "p99": lambda figures: figures.p99_ns,
    "p99.9": lambda figures: figures.p999_ns,
}
MAX_NAME_WIDTH = 24


def tables(scenarios: Sequence[Scenario], rows: Sequence[Row]) -> Iterator[RenderableType]:
    """Yield the tables of one curve.

    Args:
        scenarios: The points of the curve.
        rows: Rows of a run, among them those of other scenarios.
    """
    points = [scenario.name for scenario in scenarios]
    rows = [row for row in rows if row.cell.scenario in points]
    for family in dict.fromkeys(row.cell.family for row in rows):
        yield from _family_table(scenarios, family, [row for row in rows if row.cell.family == family])
        yield Text()


def _family_table(scenarios: Sequence[Scenario], family: Family, rows: Sequence[Row]) -> Iterator[RenderableType]:
    """Yield the table of a family, and a line for each server without any figures."""
    by_label: dict[str, dict[str, Row]] = {}
    for row in rows:
        by_label.setdefault(row.label, {})[row.cell.scenario] = row
    title = f"over {family}"
    name_width = min(MAX_NAME_WIDTH, max(len(text) for text in (title, *by_label)))
    table = _empty_table(title, scenarios, name_width=name_width)
    unmeasured: list[Row] = []
    for label, points in by_label.items():
        if not any(row.figures for row in points.values()):
            unmeasured.append(next(iter(points.values())))
            continue
        for number, (name, value) in enumerate(PERCENTILES.items()):
            shown = [_figure(points[scenario.name].figures, value) for scenario in scenarios]
            table.add_row("" if number else label, name, *shown)
    yield table
    yield from absent(unmeasured, name_width)


def _empty_table(title: str, scenarios: Sequence[Scenario], *, name_width: int) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim")
    table.add_column(title, width=name_width, no_wrap=True, overflow="ellipsis", header_style="bold cyan")
    table.add_column("µs", no_wrap=True)
    for scenario in scenarios:
        table.add_column(f"{scenario.share:.0%}", justify="right", no_wrap=True, min_width=8)
    return table


def _figure(figures: Figures | None, value: Callable[[Figures], Spread]) -> str:
    return three_digits(value(figures).median / 1e3) if figures else "-"
