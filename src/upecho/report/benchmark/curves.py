"""How latency grows with load: a table per family, a line per server and percentile, a column per load."""

from collections.abc import Callable, Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from upecho.measure.cells import Scenario
from upecho.measure.statistics.summary import Numbers, Row, Spread
from upecho.report.benchmark.absent import absent
from upecho.report.figures import three_digits

PERCENTILES: dict[str, Callable[[Numbers], Spread]] = {
    "p50": lambda numbers: numbers.p50_ns,
    "p99": lambda numbers: numbers.p99_ns,
    "p99.9": lambda numbers: numbers.p999_ns,
}
NAME_WIDTH = 24  # longer names are cut


def tables(scenarios: Sequence[Scenario], rows: Sequence[Row]) -> Iterator[RenderableType]:
    """Yield the tables of one curve, whose points the scenarios are."""
    points = [scenario.name for scenario in scenarios]
    mine = [row for row in rows if row.cell.scenario in points]
    for family in dict.fromkeys(row.cell.family for row in mine):
        yield from _family(scenarios, family, [row for row in mine if row.cell.family == family])
        yield Text()


def _family(scenarios: Sequence[Scenario], family: str, rows: Sequence[Row]) -> Iterator[RenderableType]:
    """Yield the table of a family, and a line for each server that has no numbers at all."""
    title = f"over {family}"
    names = min(NAME_WIDTH, max(len(text) for text in (title, *(row.label for row in rows))))
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim")
    table.add_column(title, width=names, no_wrap=True, overflow="ellipsis", header_style="bold cyan")
    table.add_column("µs", no_wrap=True)
    for scenario in scenarios:
        table.add_column(f"{scenario.share:.0%}", justify="right", no_wrap=True, min_width=8)
    without: list[Row] = []
    for label in dict.fromkeys(row.label for row in rows):
        points = {row.cell.scenario: row for row in rows if row.label == label}
        if not any(row.numbers for row in points.values()):
            without.append(next(iter(points.values())))
            continue
        for number, (name, value) in enumerate(PERCENTILES.items()):
            figures = [_figure(points[scenario.name].numbers, value) for scenario in scenarios]
            table.add_row("" if number else label, name, *figures)
    yield table
    yield from absent(without, names)


def _figure(numbers: Numbers | None, value: Callable[[Numbers], Spread]) -> str:
    return three_digits(value(numbers).median / 1e3) if numbers else "-"
