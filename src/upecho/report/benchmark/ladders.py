"""Size ladders: one table with a line for each server and family, a column for each message size, and crossings."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from upecho.measure.plan.scenarios import Scenario, size_text
from upecho.measure.statistics.claims import Verdict
from upecho.measure.statistics.contrasts import CONCLUSIVE, Contrast
from upecho.measure.statistics.crossings import SizeContrast, size_contrasts
from upecho.measure.statistics.summary import Row, Summary
from upecho.net.address import Family
from upecho.report.benchmark.absent import absent
from upecho.report.benchmark.columns import COLUMNS, NONE, Column
from upecho.report.benchmark.lines import ALIKE, UNKNOWN, precision_text
from upecho.report.layout import MIN_NAME_WIDTH, shortened

CPU = COLUMNS["cpu"]
TITLE = CPU.title
SIZE_WIDTH = 8  # characters of the column of a size
NO_FIGURES = "no figures"
MARKS = (
    "unix/inet: cost over the first family relative to that over the second one, paired by round",
    f"{ALIKE} before such a ratio: no difference detected (p < 5%, corrected for all comparisons of families: Holm)",
)

Servers = dict[str, dict[Family, dict[str, Row]]]  # rows by label, family and scenario


@dataclass(frozen=True)
class Ladder:
    """A size ladder of a run.

    Attributes:
        steps: Its scenarios, the smallest message size first.
        rows: Its rows.
        found: Its comparisons of Unix sockets with TCP.
    """

    steps: Sequence[Scenario]
    rows: Sequence[Row]
    found: Sequence[SizeContrast]

    @classmethod
    def of(cls, name: str, summary: Summary) -> "Ladder":
        """Return the ladder of a name."""
        steps = sorted(
            (one for one in summary.results.scenarios if one.ladder == name), key=lambda step: step.message_size
        )
        names = {step.name for step in steps}
        found = [one for one in size_contrasts(summary) if one.load.ladder == name]
        return cls(steps, [row for row in summary.rows if row.cell.scenario in names], found)

    @property
    def servers(self) -> Servers:
        """The rows of servers with figures, the cheapest at the first size first."""
        servers: Servers = {}
        for row in self.rows:
            servers.setdefault(row.cell.label, {}).setdefault(row.cell.family, {})[row.cell.scenario] = row
        measured = {label: by for label, by in servers.items() if any(row.figures for row in _rows(by))}
        return dict(sorted(measured.items(), key=lambda item: self._first_cost(item[1])))

    def _first_cost(self, families: Mapping[Family, Mapping[str, Row]]) -> float:
        row = next(iter(families.values())).get(self.steps[0].name)
        return row.cost if row and row.figures else float("inf")


def _rows(families: Mapping[Family, Mapping[str, Row]]) -> Iterator[Row]:
    for by_scenario in families.values():
        yield from by_scenario.values()


def ladder(name: str, summary: Summary, width: int, columns: Sequence[Column] = ()) -> Iterator[RenderableType]:
    """Yield the table of a size ladder, what it shows, and the servers without figures.

    Args:
        name: Name of the ladder.
        summary: The run.
        width: Width of the terminal, in characters.
        columns: What to show instead of the cost and its ratios; empty for these.
    """
    title = "" if columns else TITLE
    shown = Ladder.of(name, summary)
    servers = shown.servers
    missing = {row.cell.label: row for row in shown.rows if row.cell.label not in servers}
    labels = {label: next(_rows(families)).label for label, families in servers.items()}
    lines = {label: list(_lines(shown, label, families, columns)) for label, families in servers.items()}
    second = max((cell_len(line[0]) for one in lines.values() for line in one), default=0)
    room = width - (1 + second) - len(shown.steps) * (1 + SIZE_WIDTH)
    names = shortened([title, *labels.values(), *missing], max(MIN_NAME_WIDTH, room))
    table = _empty_table(names[title], shown.steps, name_width=max(map(cell_len, names.values())))
    for label, texts in lines.items():
        for number, line in enumerate(texts):
            table.add_row(Text("" if number else names[labels[label]]), *line)
    yield table
    yield from absent(list(missing.values()), names, width)
    yield Text()
    ordered = [one for label in servers for one in shown.found if one.cell.label == label]
    yield from (Text(line, "cyan") for line in conclusions(ordered, shown.steps))
    yield Text()


def marks(summary: Summary) -> Iterator[str]:
    """Yield the meaning of the ratios in the ladders of a run, if there are any."""
    if any(one.load.ladder for one in size_contrasts(summary)):
        yield from MARKS


def _empty_table(title: str, steps: Sequence[Scenario], *, name_width: int) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim")
    table.add_column(title, width=name_width, no_wrap=True, header_style="bold cyan")
    table.add_column("", no_wrap=True)
    for step in steps:
        table.add_column(size_text(step.message_size), justify="right", no_wrap=True, min_width=SIZE_WIDTH)
    return table


def _lines(
    shown: Ladder, label: str, families: Mapping[Family, Mapping[str, Row]], columns: Sequence[Column]
) -> Iterator[list[str]]:
    """Yield the lines of a server: its cost over each family, and the ratios of Unix sockets to TCP; or the columns."""
    for family, rows in families.items():
        for column in columns:
            yield [f"{family} {column.title}", *(_text(rows.get(step.name), column) for step in shown.steps)]
    if columns:
        return
    for family, rows in families.items():
        yield [family, *(_text(rows.get(step.name), CPU) for step in shown.steps)]
    for one in shown.found:
        if one.cell.label == label:
            contrasts = [one.by_size.get(step.message_size) for step in shown.steps]
            yield [f"{one.cell.family}/{one.base.family}", *map(_ratio, contrasts)]
            yield ["±", *map(_precision, contrasts)]


def _text(row: Row | None, column: Column) -> str:
    return column.text(row.figures) if row and row.figures else NONE


def _ratio(one: Contrast | None) -> str:
    if one is None:
        return NONE
    return f"{ALIKE if one.verdict is Verdict.NO_DIFFERENCE else ''} {one.ratio.ratio:.2f}".strip()


def _precision(one: Contrast | None) -> str:
    if one is None:
        return ""
    return precision_text(one.ratio) if one.verdict in CONCLUSIVE else UNKNOWN


def conclusions(found: Iterable[SizeContrast], steps: Sequence[Scenario]) -> Iterator[str]:
    """Yield where Unix sockets stop being cheaper than TCP, each answer with the servers that it is true of.

    Args:
        found: Comparisons of the two, for the servers of a ladder.
        steps: The steps of the ladder, the smallest message size first.
    """
    servers: dict[str, list[str]] = {}
    sizes = [step.message_size for step in steps]
    for one in found:
        servers.setdefault(conclusion(one, sizes), []).append(one.cell.label)
    for text, labels in servers.items():
        yield f"{text}: {', '.join(labels)}"


def conclusion(one: SizeContrast, sizes: Sequence[int]) -> str:
    """Return where a Unix socket stops being cheaper than TCP.

    Args:
        one: Comparison of the two.
        sizes: All message sizes of the ladder, in bytes.
    """
    unix, tcp = one.cell.family, one.base.family
    if one.crossings:
        return "; ".join(_change(one, *pair) for pair in one.crossings)
    if one.cheaper_at == sizes:
        return f"{unix} is cheaper than {tcp} at every size"
    if one.dearer_at == sizes:
        return f"{unix} costs more than {tcp} at every size"
    return f"it is unknown where {unix} stops being cheaper than {tcp} ({'; '.join(_knowledge(one, sizes))})"


def _change(one: SizeContrast, small: int, large: int) -> str:
    verb = "stops being" if one.by_size[small].costs_less else "becomes"
    families = f"{one.cell.family} {verb} cheaper than {one.base.family}"
    return f"{families} between {size_text(small)} and {size_text(large)}"


def _knowledge(one: SizeContrast, sizes: Sequence[int]) -> Iterator[str]:
    """Yield what is known at which of the sizes."""
    found: dict[str, list[str]] = {}
    for size in sizes:
        found.setdefault(_known(one.by_size.get(size)), []).append(size_text(size))
    for text, texts in found.items():
        yield f"{text} at {', '.join(texts)}"


def _known(contrast: Contrast | None) -> str:
    if contrast is None:
        return NO_FIGURES
    return "cheaper" if contrast.costs_less else "dearer" if contrast.costs_more else contrast.verdict.value
