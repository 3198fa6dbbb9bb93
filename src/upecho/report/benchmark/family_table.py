"""One table of a run's report: the servers of a scenario over one family, and those without figures below."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from upecho.measure.plan.scenarios import Scenario
from upecho.measure.statistics.summary import Figures, Row
from upecho.net.address import Family
from upecho.report.benchmark.absent import absent
from upecho.report.benchmark.columns import Column
from upecho.report.benchmark.lines import BOUND, UNSTEADY, Line, over, shows_rate
from upecho.report.figures import bar, percent, three_digits, whole
from upecho.report.layout import MIN_NAME_WIDTH, table_width

BAR_WIDTH = 5
CLOSE, FAR = 1.15, 2.0  # ratios: green up to the first, red from the second

Columns = dict[str, Callable[[Figures], str]]


@dataclass(frozen=True)
class FamilyTable:
    """The table of a scenario and family.

    Attributes:
        scenario: Scenario of all rows.
        family: Family of all rows.
        lines: Lines with figures, in their order.
        unmeasured: Rows without figures.
        chosen: Columns to show instead of those of the scenario; empty for these.
    """

    scenario: Scenario
    family: Family
    lines: Sequence[Line]
    unmeasured: Sequence[Row]
    chosen: Sequence[Column] = ()

    @property
    def names(self) -> list[str]:
        """The texts of the first column, the first of which is its title."""
        measured = [line.row.label for line in self.lines]
        return [over(self.family), *measured, *(row.cell.label for row in self.unmeasured)]

    @property
    def figures_width(self) -> int:
        """Width of the columns after the first, and of the blank before them, in characters."""
        return 1 + table_width([self._titles, *self._texts()], gap=1) + BAR_WIDTH

    def parts(self, width: int) -> list["FamilyTable"]:
        """Return tables that have the chosen columns together, as few as the width allows.

        Args:
            width: Width of the terminal, in characters.
        """
        if len(self.chosen) < 2 or MIN_NAME_WIDTH + self.figures_width <= width:
            return [self]
        half = (len(self.chosen) + 1) // 2
        halves = (replace(self, chosen=part) for part in (self.chosen[:half], self.chosen[half:]))
        return [part for one in halves for part in one.parts(width)]

    def rendered(self, names: Mapping[str, str], width: int) -> RenderableType:
        """Return the table.

        Args:
            names: What is shown of each name; all of them determine the width of the first column.
            width: Width of the lines for servers without figures, in characters.
        """
        name_width = max(map(cell_len, names.values()))
        table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim")
        table.add_column(names[over(self.family)], width=name_width, no_wrap=True, header_style="bold cyan")
        for title in self._titles:
            table.add_column(title, justify="right", no_wrap=True)
        table.add_column("", width=BAR_WIDTH)
        for line, texts in zip(self.lines, self._texts(), strict=True):
            share = line.ratio.ratio / self.lines[-1].ratio.ratio
            table.add_row(Text(names[line.row.label]), *texts, Text(bar(share, BAR_WIDTH), _style(line)))
        return Group(table, *absent(self.unmeasured, names, width))

    @property
    def _titles(self) -> list[str]:
        return [*self._columns, "ratio", "±"]

    @property
    def _columns(self) -> Columns:
        if self.chosen:
            return {one.title: one.text for one in self.chosen}
        is_counted = any(line.figures.instructions for line in self.lines)
        return COUNTED if is_counted else _columns(self.scenario)

    def _texts(self) -> Iterator[list[str]]:
        """Yield the texts of each line, without its name."""
        columns = self._columns.values()
        for line in self.lines:
            decimals = 4 if line.figures.instructions else 2
            ratio = f"{line.mark} {line.ratio.ratio:.{decimals}f}".strip()
            yield [*(text(line.figures) for text in columns), ratio, line.precision]


def _style(line: Line) -> str:
    return "green" if line.ratio.ratio <= CLOSE else "red" if line.ratio.ratio >= FAR else "yellow"


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


def _instructions(figures: Figures) -> str:
    return whole(figures.instructions.median) if figures.instructions else "-"


def _layouts(figures: Figures) -> str:
    """Return the range of the instructions over all layouts, as a share of the median."""
    found = figures.instructions
    return percent((found.high - found.low) / found.median) if found else "-"


def _variation(figures: Figures) -> str:
    if figures.variation is None:
        return "-"
    return f"{UNSTEADY} {percent(figures.variation)}" if figures.is_unsteady else percent(figures.variation)


COUNTED: Columns = {"instructions": _instructions, "layouts": _layouts, "repeated": _variation}


def _bound(figures: Figures) -> str:
    return f"{BOUND} " if figures.saturated else ""
