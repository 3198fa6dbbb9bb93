"""Lays out what a page shows of results."""

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.text import Text

from upecho.measure.plan.scenarios import size_text
from upecho.report.figures import percent, three_digits
from upecho.report.layout import GAP, name_width, slices
from upecho.report.page import columns
from upecho.report.page.building.across import across
from upecho.report.page.model.page import Comparison, LoadCurve, Measured, Page, Section, SizeCurve, Table
from upecho.report.page.text.lines import INDENT, grid, paragraph, subheading, without_kind

LATENCIES = [title for title in columns.LOAD if title.endswith("µs")]
FAILING = "!"  # after the name of a server that fails conformance checks


def scenario(section: Section, width: int) -> Iterator[Text]:
    """Yield the tables of a scenario, and what they show."""
    yield subheading(columns.title(section), section.scenario.summary, style="bold")
    for remark in section.remarks:
        yield from paragraph(remark, width, style="cyan")
    for table in section.tables:
        yield Text()
        yield from _family(section, table, width)
        yield from _causes(section, table, width)
    yield Text()


def _family(section: Section, table: Table, width: int) -> Iterator[Text]:
    yield subheading(columns.caption(table))
    if table.measured:
        cost, speed, *others = columns.heads(section)
        rows = [_row(section, one) for one in table.measured]
        yield from grid(["server", "group", cost, *others, speed], rows, width, required=3)
    for style, text in (*_failing(table), *_absent(table)):
        yield from paragraph(text, width, indent=INDENT, style=style)


def _causes(section: Section, table: Table, width: int) -> Iterator[Text]:
    """Yield the causes of the costs, in as many tables as the width requires."""
    heads = columns.causes_heads(section)
    names = [one.server.label for one in table.measured]
    if not heads or not names:
        return
    cells = [list(columns.causes(section, one)) for one in table.measured]
    column = max(cell_len(text) for row in (heads, *cells) for text in row)
    name = name_width(["server", *names], column, columns=len(heads), width=width)
    yield Text()
    yield subheading(columns.causes_caption(table))
    for part in slices(len(heads), column, room=width - name - GAP):
        rows = [[label, *row[part]] for label, row in zip(names, cells, strict=True)]
        yield from grid(["server", *heads[part]], rows, width, required=len(rows[0]))


def _row(section: Section, one: Measured) -> list[str]:
    cost, speed, *others = columns.figures(section, one)
    name = f"{one.server.label} {FAILING}" if one.failed_checks else one.server.label
    return [name, str(one.group), cost, *others, speed]


def _failing(table: Table) -> Iterator[tuple[str, str]]:
    """Yield the checks that servers fail, each with these servers."""
    failing = [one for one in table.measured if one.failed_checks]
    for checks in dict.fromkeys(one.failed_checks for one in failing):
        servers = ", ".join(one.server.label for one in failing if one.failed_checks == checks)
        yield "red", f"{FAILING} {', '.join(checks)} failed: {servers}"


def _absent(table: Table) -> Iterator[tuple[str, str]]:
    """Yield the reason why servers have no figures, each with these servers."""
    for reason, failed in dict.fromkeys((one.reason, one.failed) for one in table.absent):
        servers = ", ".join(one.server.label for one in table.absent if one.reason == reason)
        yield "red" if failed else "dim", f"without figures ({reason}): {servers}"


def pythons(section: Section, width: int) -> Iterator[Text]:
    """Yield a table of costs for each family: a column for each Python, in as many tables as the width requires."""
    for one in across(section):
        kind, names = without_kind(one.pythons)
        heads, cells = [names[python] for python in one.pythons], list(columns.across_pythons(one))
        column = max(cell_len(text) for _, *row in cells for text in (*row, *heads))
        name = name_width([f"server on {kind}", *(row[0] for row in cells)], column, columns=len(heads), width=width)
        yield subheading(f"{columns.title(section)} {columns.caption(one.table)}")
        for part in slices(len(heads), column, room=width - name - GAP):
            rows = [[row[0], *row[1:][part]] for row in cells]
            yield from grid(
                [f"server on {kind}".removesuffix(" on "), *heads[part]], rows, width, required=len(rows[0])
            )
            yield Text()


def load(curves: Sequence[LoadCurve], width: int) -> Iterator[Text]:
    """Yield a table of latencies over load for each family: a column for each load."""
    for run, name, family in dict.fromkeys((one.run, one.name, one.family) for one in curves):
        same = [one for one in curves if (one.run, one.name, one.family) == (run, name, family)]
        shares = sorted({point.share for one in same for point in one.points})
        rows = [row for one in same for row in _latencies(one, shares)]
        yield subheading(" ".join(filter(None, (name, run, f"over {family}, latency in µs"))))
        yield from grid(["server", "", *map(percent, shares)], rows, width, required=len(shares) + 2, texts=2)
        yield Text()


def _latencies(curve: LoadCurve, shares: Sequence[float]) -> Iterator[list[str]]:
    """Yield a row for each percentile."""
    points = {point.share: dict(zip(columns.LOAD, columns.load_figures(point), strict=True)) for point in curve.points}
    for title in LATENCIES:
        figures = [points[share][title] if share in points else columns.NONE for share in shares]
        yield [curve.server.label, title.removesuffix(" µs"), *figures]


def sizes(page: Page, width: int) -> Iterator[Text]:
    """Yield where the cheaper family changes, and a table of costs for each load: a column for each message size."""
    for sentence in page.crossings:
        yield from paragraph(sentence, width)
    if page.crossings:
        yield Text()
    for load_ in dict.fromkeys(one.load for one in page.size_curves):
        yield from _sizes(load_, [one for one in page.size_curves if one.load == load_], width)
        yield Text()


def _sizes(title: str, curves: Sequence[SizeCurve], width: int) -> Iterator[Text]:
    known = sorted({size for one in curves for size, _ in one.points})
    rows = []
    for one in curves:
        costs = dict(one.points)
        texts = [three_digits(costs[size]) if size in costs else columns.NONE for size in known]
        rows.append([columns.owner(one), one.family, *texts])
    yield subheading(f"{title}, CPU µs/request")
    yield from grid(["server", "family", *map(size_text, known)], rows, width, required=len(known) + 2, texts=2)


def comparisons(found: Sequence[Comparison], width: int) -> Iterator[Text]:
    """Yield a table for each two sides that are compared, such as two families, in each scenario."""
    for what, base, where, run in dict.fromkeys(map(_compared, found)):
        same = [columns.comparison(one) for one in found if _compared(one) == (what, base, where, run)]
        rows = [[server, *conclusion] for server, _, _, _, *conclusion in same]
        server, _, _, _, *titles = columns.COMPARISONS
        place = " ".join(filter(None, (where, run)))
        yield subheading(f"{place}: cost of {what}, relative to {base}")
        yield from grid([server, *titles], rows, width, required=3, texts=3)
        yield Text()


def _compared(one: Comparison) -> tuple[str, str, str, str]:
    return one.what, one.base, one.where, one.run
