"""The report of a run for a terminal: a table per scenario and family, with the cheapest server first."""

from collections.abc import Callable, Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from upecho.measure.plan import cells
from upecho.measure.plan.scenarios import Scenario
from upecho.measure.statistics.summary import Figures, Row, Summary, family_ratios
from upecho.net.address import Family
from upecho.report.benchmark import curves
from upecho.report.benchmark.absent import absent
from upecho.report.benchmark.footer import footer
from upecho.report.benchmark.lines import BOUND, Line, Lines, lines, shows_rate
from upecho.report.figures import bar, three_digits

GAP = 4  # characters between two tables side by side
FIGURES_WIDTH = 43  # characters of a table without its first column
BAR_WIDTH = 5
MAX_NAME_WIDTH = 24
CLOSE, FAR = 1.15, 2.0  # ratios: green up to the first, red from the second

Columns = dict[str, Callable[[Figures], str]]


def comparison(summary: Summary, width: int) -> RenderableType:
    """Return the report of a run.

    Args:
        summary: Run to report on.
        width: Width of the terminal, in characters.
    """
    scenarios, tables = summary.results.scenarios, lines(summary)
    parts: list[RenderableType] = []
    for scenario in scenarios:
        rows = [row for row in summary.rows if row.cell.scenario == scenario.name]
        if scenario.curve:
            points = [one for one in scenarios if one.curve == scenario.curve]
            if scenario is points[0]:
                parts += [_heading(scenario), *curves.tables(points, summary.rows)]
        else:
            parts += [_heading(scenario), *_families(scenario, rows, tables, width=width), *_family_ratios(rows)]
    return Group(*parts, *footer(summary, tables))


def _heading(scenario: Scenario) -> Text:
    return Text.assemble((scenario.title, "bold"), (f"  {scenario.summary}", "dim"), "\n")


def _families(scenario: Scenario, rows: Sequence[Row], tables: Lines, *, width: int) -> Iterator[RenderableType]:
    """Yield the tables of the families, two side by side if there is room."""
    families = list(dict.fromkeys(row.cell.family for row in rows))
    first_column = [row.label for row in rows] + [over(family) for family in families]
    name_width = min(MAX_NAME_WIDTH, max(map(len, first_column)))
    shown = []
    for family in families:
        unmeasured = [row for row in rows if row.cell.family == family and not row.figures]
        table = _table(scenario, family, tables[cells.Group(scenario.name, family)], name_width=name_width)
        shown.append(Group(table, *absent(unmeasured, name_width)))
    step = 2 if width >= 2 * (name_width + FIGURES_WIDTH) + GAP else 1
    for first in range(0, len(shown), step):
        line = Table.grid(padding=(0, GAP, 0, 0))
        line.add_row(*shown[first : first + step])
        yield line
        yield Text()


def _table(scenario: Scenario, family: Family, measured: Sequence[Line], *, name_width: int) -> Table:
    columns = _columns(scenario)
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim")
    table.add_column(over(family), width=name_width, no_wrap=True, overflow="ellipsis", header_style="bold cyan")
    for title in (*columns, "ratio", "±"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("", width=BAR_WIDTH)
    for line in measured:
        share = line.row.cost_ns / measured[-1].row.cost_ns
        table.add_row(*_texts(line, columns), Text(bar(share, BAR_WIDTH), _style(line)))
    return table


def _texts(line: Line, columns: Columns) -> list[str]:
    figures = [text(line.figures) for text in columns.values()]
    return [line.row.label, *figures, f"{line.mark} {line.ratio.ratio:.2f}".strip(), line.precision]


def _style(line: Line) -> str:
    return "green" if line.ratio.ratio <= CLOSE else "red" if line.ratio.ratio >= FAR else "yellow"


def _family_ratios(rows: Sequence[Row]) -> Iterator[Text]:
    """Yield a line for each family but the first: what the same servers cost over it."""
    ratios = list(family_ratios(rows))
    for one in ratios:
        servers = f"median of {one.targets} servers" if one.targets > 1 else "1 server"
        text = f"{one.family} costs {one.ratio:.2f} times as much CPU as {one.base} ({servers})"
        yield Text(text + ("\n" if one is ratios[-1] else ""), "cyan")


def over(family: Family) -> str:
    """Return the heading of a family's table."""
    return f"over {family}"


def _columns(scenario: Scenario) -> Columns:
    """Return the columns of a scenario: their titles, and how to get their texts."""
    columns: Columns = {"CPU µs/req": _cpu}
    if scenario.idle:
        return columns | {"p99 µs": _p99, "KiB/conn": _kibibytes}
    if not shows_rate(scenario):
        return columns | {"p50 µs": _p50, "p99 µs": _p99}
    if scenario.message_size >= 1e6:
        return columns | {"GB/s each way": lambda figures: _gigabytes(figures, scenario.message_size)}
    return columns | {"requests/s": _rate}


def _cpu(figures: Figures) -> str:
    return three_digits(figures.cpu_ns.median / 1e3) if figures.cpu_ns else "-"


def _p50(figures: Figures) -> str:
    return three_digits(figures.p50_ns.median / 1e3)


def _p99(figures: Figures) -> str:
    return three_digits(figures.p99_ns.median / 1e3)


def _kibibytes(figures: Figures) -> str:
    return three_digits(figures.connection_bytes.median / 1024) if figures.connection_bytes else "-"


def _rate(figures: Figures) -> str:
    return _bound(figures) + three_digits(figures.rate.median)


def _gigabytes(figures: Figures, message_size: int) -> str:
    return _bound(figures) + f"{figures.rate.median * message_size / 1e9:.2f}"


def _bound(figures: Figures) -> str:
    return f"{BOUND} " if figures.saturated else ""
