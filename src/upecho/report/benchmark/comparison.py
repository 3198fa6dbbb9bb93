"""The comparison as read on a terminal: a table per scenario and family, the cheapest server on top."""

from collections.abc import Callable, Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from upecho.measure.cells import Scenario
from upecho.measure.results import Results
from upecho.measure.statistics.claims import Claims
from upecho.measure.statistics.summary import Numbers, Row, family_ratios, summarise
from upecho.report.benchmark import curves
from upecho.report.benchmark.absent import absent
from upecho.report.benchmark.footer import footer
from upecho.report.benchmark.lines import BOUND, Line, Lines, lines, shows_rate
from upecho.report.figures import bar, three_digits

GAP = 4  # columns between two families that stand beside each other
FIGURES_WIDTH = 43  # columns of a table beside the names
BAR_WIDTH = 5
NAME_WIDTH = 24  # longer names are cut
CLOSE, FAR = 1.15, 2.0  # ratios to the best: green below the first, red above the second

Columns = dict[str, Callable[[Numbers], str]]


def comparison(results: Results, width: int) -> RenderableType:
    """Return all there is to say about a run, for a terminal that many columns wide."""
    rows, claims = summarise(results), Claims(results)
    measured = lines(results, rows, claims)
    parts: list[RenderableType] = []
    for scenario in results.scenarios:
        wanted = [row for row in rows if row.cell.scenario == scenario.name]
        if scenario.curve:
            same = [one for one in results.scenarios if one.curve == scenario.curve]
            if scenario is same[0]:
                parts += [_heading(scenario), *curves.tables(same, rows)]
        else:
            parts += [_heading(scenario), *_families(scenario, wanted, measured, width), *_ratios(wanted)]
    return Group(*parts, *footer(results, rows, claims, measured))


def _heading(scenario: Scenario) -> Text:
    return Text.assemble((scenario.title, "bold"), (f"  {scenario.summary}", "dim"), "\n")


def _families(scenario: Scenario, rows: Sequence[Row], measured: Lines, width: int) -> Iterator[RenderableType]:
    """Yield the families' tables, two in a line where there is room."""
    families = list(dict.fromkeys(row.cell.family for row in rows))
    first_column = [row.label for row in rows] + [over(family) for family in families]
    names = min(NAME_WIDTH, max(map(len, first_column)))
    tables = [
        _family(scenario, [row for row in rows if row.cell.family == family], measured[scenario.name, family], names)
        for family in families
    ]
    step = 2 if width >= 2 * (names + FIGURES_WIDTH) + GAP else 1
    for first in range(0, len(tables), step):
        line = Table.grid(padding=(0, GAP, 0, 0))
        line.add_row(*tables[first : first + step])
        yield line
        yield Text()


def _family(scenario: Scenario, rows: Sequence[Row], measured: Sequence[Line], names: int) -> RenderableType:
    columns = _columns(scenario)
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim")
    table.add_column(
        over(rows[0].cell.family), width=names, no_wrap=True, overflow="ellipsis", header_style="bold cyan"
    )
    for title in columns:
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("ratio", justify="right", no_wrap=True)
    table.add_column("±", justify="right", no_wrap=True)
    table.add_column("", width=BAR_WIDTH)
    for line in measured:
        table.add_row(*_cells(line, columns), Text(bar(line.row.cost / measured[-1].row.cost, BAR_WIDTH), _style(line)))
    return Group(table, *absent([row for row in rows if not row.numbers], names))


def _cells(line: Line, columns: Columns) -> list[str]:
    figures = [figure(line.numbers) for figure in columns.values()]
    return [line.row.label, *figures, f"{line.mark} {line.ratio.ratio:.2f}".strip(), line.reach]


def _style(line: Line) -> str:
    return "green" if line.ratio.ratio <= CLOSE else "red" if line.ratio.ratio >= FAR else "yellow"


def _ratios(rows: Sequence[Row]) -> Iterator[Text]:
    """Yield a line for each family but the first: what the same servers cost over it."""
    ratios = family_ratios(rows)
    for one in ratios:
        servers = f"median of {one.targets} servers" if one.targets > 1 else "1 server"
        text = f"{one.family} costs {one.ratio:.2f} times as much CPU as {one.base} ({servers})"
        yield Text(text + ("\n" if one is ratios[-1] else ""), "cyan")


def over(family: str) -> str:
    """Return the heading of a family's table."""
    return f"over {family}"


def _columns(scenario: Scenario) -> Columns:
    def cpu(numbers: Numbers) -> str:
        return three_digits(numbers.cpu_ns.median / 1e3) if numbers.cpu_ns else "-"

    def rate(numbers: Numbers) -> str:
        return _bound(numbers) + three_digits(numbers.rate.median)

    def gigabytes(numbers: Numbers) -> str:
        return _bound(numbers) + f"{numbers.rate.median * scenario.message_size / 1e9:.2f}"

    def kibibytes(numbers: Numbers) -> str:
        return three_digits(numbers.connection_bytes.median / 1024) if numbers.connection_bytes else "-"

    columns: Columns = {"CPU µs/req": cpu}
    if scenario.idle:
        return columns | {"p99 µs": lambda numbers: three_digits(numbers.p99_ns.median / 1e3), "KiB/conn": kibibytes}
    if not shows_rate(scenario):
        return columns | {
            "p50 µs": lambda numbers: three_digits(numbers.p50_ns.median / 1e3),
            "p99 µs": lambda numbers: three_digits(numbers.p99_ns.median / 1e3),
        }
    bulky = scenario.message_size >= 1e6
    return columns | ({"GB/s each way": gigabytes} if bulky else {"requests/s": rate})


def _bound(numbers: Numbers) -> str:
    return f"{BOUND} " if numbers.saturated else ""
