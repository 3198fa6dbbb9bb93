"""Writes the tables of figures of a Markdown page."""

from collections.abc import Iterable, Iterator, Sequence

from upecho.report.figures import three_digits
from upecho.report.markdown import details, escaped, table
from upecho.report.page import columns
from upecho.report.page.building.across import Across
from upecho.report.page.model.page import Absent, Comparison, LoadCurve, Measured, Section, SizeCurve, Table
from upecho.support.text import plural

MAX_OPEN = 12  # rows of a table that is not folded


def listed(items: Sequence[str]) -> Iterator[str]:
    """Yield the lines of a list; none if it has no items."""
    yield from (f"- {escaped(one)}" for one in items)
    if items:
        yield ""


def grid(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table, folded if it is long.

    Args:
        title: What it shows, as text.
        heads: Titles of the columns, as text.
        rows: Cells of each row, as text.
    """
    lines = table([escaped(head) for head in heads], [[escaped(cell) for cell in row] for row in rows])
    yield from folded(title, lines, count=len(rows), noun="row")


def folded(title: str, lines: Iterable[str], *, count: int, noun: str) -> Iterator[str]:
    """Yield a part of the page, folded if it is long.

    Args:
        title: What it shows, as text.
        lines: Its lines.
        count: How many things it shows.
        noun: What these are.
    """
    if count > MAX_OPEN:
        yield from details(f"{title} ({plural(count, noun)})", lines)
        return
    yield f"**{escaped(title)}**"
    yield ""
    yield from lines


def families(section: Section, speed: Sequence[str]) -> Iterator[str]:
    """Yield the folded tables of a scenario.

    Args:
        section: The scenario.
        speed: Lines that show its chart of requests per second.
    """
    lines = [*speed, *(line for one in section.tables for line in _family(section, one))]
    yield from details("Requests per second, and tables", lines)


def _family(section: Section, one: Table) -> Iterator[str]:
    yield f"**{escaped(columns.caption(one))}**"
    yield ""
    if one.measured:
        rows = [_row(section, measured) for measured in one.measured]
        yield from table(["group", "server", *map(escaped, columns.heads(section))], rows)
    yield from listed(list(_absent(one.absent)))
    if one.measured and (heads := columns.causes_heads(section)):
        yield f"**{escaped(columns.causes_caption(one))}**"
        yield ""
        texts = [[measured.server.label, *columns.causes(section, measured)] for measured in one.measured]
        yield from table(["server", *map(escaped, heads)], [[escaped(text) for text in row] for row in texts])


def _row(section: Section, one: Measured) -> list[str]:
    fails = f" (fails {', '.join(one.failed_checks)})" if one.failed_checks else ""
    texts = [str(one.group), one.server.label + fails, *columns.figures(section, one)]
    return [escaped(text) for text in texts]


def _absent(absent: Sequence[Absent]) -> Iterator[str]:
    """Yield the reason why servers have no figures, each with these servers."""
    for reason in dict.fromkeys(one.reason for one in absent):
        servers = ", ".join(one.server.label for one in absent if one.reason == reason)
        yield f"without figures ({reason}): {servers}"


def across_pythons(found: Sequence[Across]) -> Iterator[str]:
    """Yield the tables of the costs of each implementation across Pythons, a column for each Python."""
    for one in found:
        yield from grid(columns.caption(one.table), ["server", *one.pythons], list(columns.across_pythons(one)))


def load(curves: Sequence[LoadCurve]) -> Iterator[str]:
    """Yield the table of latencies over load."""
    rows = [[columns.owner(one), one.family, *columns.load_figures(point)] for one in curves for point in one.points]
    yield from grid("Latency at a share of each server's capacity", ["server", "family", *columns.LOAD], rows)


def sizes(curves: Sequence[SizeCurve]) -> Iterator[str]:
    """Yield the table of costs over message size."""
    rows = [
        [columns.owner(one), one.load, one.family, str(size), three_digits(cost)]
        for one in curves
        for size, cost in one.points
    ]
    yield from grid("CPU time per request by message size", ["server", "load", "family", *columns.SIZES], rows)


def comparisons(found: Sequence[Comparison]) -> Iterator[str]:
    """Yield the table of what differs between families, Pythons, and cold and warm servers."""
    if found:
        yield from grid("Cost per request, paired by round", columns.COMPARISONS, list(map(columns.comparison, found)))
