"""The comparison as read on a terminal: a table per scenario and family, the cheapest server on top."""

from collections.abc import Callable, Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from upecho.measure.cells import Scenario
from upecho.measure.results import Results
from upecho.measure.summary import Numbers, Row, family_ratios, summarise
from upecho.report.figures import bar, three_digits
from upecho.report.footer import footer

GAP = 4  # columns between two families that stand beside each other
FIGURES_WIDTH = 42  # columns of a table beside the names
BAR_WIDTH = 10
NAME_WIDTH = 24  # longer names are cut
CLOSE, FAR = 1.15, 2.0  # ratios to the best: green below the first, red above the second

Columns = dict[str, Callable[[Numbers], str]]


def comparison(results: Results, width: int) -> RenderableType:
    """Return all there is to say about a run, for a terminal that many columns wide."""
    rows = summarise(results)
    parts: list[RenderableType] = []
    for scenario in results.scenarios:
        wanted = [row for row in rows if row.cell.scenario == scenario.name]
        parts += [_heading(scenario), *_families(scenario, wanted, width), *_ratios(wanted)]
    return Group(*parts, *footer(results, rows))


def _heading(scenario: Scenario) -> Text:
    return Text.assemble((scenario.name, "bold"), (f"  {scenario.summary}", "dim"), "\n")


def _families(scenario: Scenario, rows: Sequence[Row], width: int) -> Iterator[RenderableType]:
    """Yield the families' tables, two in a line where there is room."""
    families = list(dict.fromkeys(row.cell.family for row in rows))
    first_column = [_name(row) for row in rows] + [_over(family) for family in families]
    names = min(NAME_WIDTH, max(map(len, first_column)))
    tables = [
        _family(scenario, family, [row for row in rows if row.cell.family == family], names) for family in families
    ]
    step = 2 if width >= 2 * (names + FIGURES_WIDTH) + GAP else 1
    for first in range(0, len(tables), step):
        line = Table.grid(padding=(0, GAP, 0, 0))
        line.add_row(*tables[first : first + step])
        yield line
        yield Text()


def _family(scenario: Scenario, family: str, rows: Sequence[Row], names: int) -> RenderableType:
    measured = sorted((row for row in rows if row.numbers), key=lambda row: row.cost)
    columns = _columns(scenario)
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim")
    table.add_column(_over(family), width=names, no_wrap=True, overflow="ellipsis", header_style="bold cyan")
    for title in columns:
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("ratio", justify="right")
    table.add_column("", width=BAR_WIDTH)
    for row in measured:
        assert row.numbers
        ratio, share = row.cost / measured[0].cost, row.cost / measured[-1].cost
        style = "green" if ratio <= CLOSE else "red" if ratio >= FAR else "yellow"
        figures = [figure(row.numbers) for figure in columns.values()]
        table.add_row(_name(row), *figures, f"{ratio:.2f}", Text(bar(share, BAR_WIDTH), style))
    return Group(table, *_absent([row for row in rows if not row.numbers], names))


def _absent(rows: Sequence[Row], names: int) -> Iterator[RenderableType]:
    """Yield a line for each row that has no numbers; its reason takes the place of all columns."""
    for row in rows:
        line = Text(f"{row.cell.target[:names]:{names}} ", "dim", no_wrap=True, overflow="ellipsis")
        yield line.append(row.reason, "red" if row.failed else "dim")


def _ratios(rows: Sequence[Row]) -> Iterator[Text]:
    """Yield a line for each family but the first: what the same servers cost over it."""
    ratios = family_ratios(rows)
    for one in ratios:
        servers = f"median of {one.targets} servers" if one.targets > 1 else "1 server"
        text = f"{one.family} costs {one.ratio:.2f} times as much CPU as {one.base} ({servers})"
        yield Text(text + ("\n" if one is ratios[-1] else ""), "cyan")


def _over(family: str) -> str:
    return f"over {family}"


def _name(row: Row) -> str:
    return row.cell.target + (" !" if row.cell.failed_checks else "")


def _columns(scenario: Scenario) -> Columns:
    def cpu(numbers: Numbers) -> str:
        return three_digits(numbers.cpu_ns.median / 1e3) if numbers.cpu_ns else "-"

    def rate(numbers: Numbers) -> str:
        return _bound(numbers) + three_digits(numbers.rate.median)

    def gigabytes(numbers: Numbers) -> str:
        return _bound(numbers) + f"{numbers.rate.median * scenario.message_size / 1e9:.2f}"

    columns: Columns = {"CPU µs/req": cpu}
    if scenario.connections == 1:
        return columns | {
            "p50 µs": lambda numbers: three_digits(numbers.p50_ns.median / 1e3),
            "p99 µs": lambda numbers: three_digits(numbers.p99_ns.median / 1e3),
        }
    bulky = scenario.message_size >= 1e6
    return columns | ({"GB/s each way": gigabytes} if bulky else {"requests/s": rate})


def _bound(numbers: Numbers) -> str:
    return "≥ " if numbers.saturated else ""
