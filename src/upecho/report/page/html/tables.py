"""Writes the tables of figures: a row for each server, in groups that cannot be told apart."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from upecho.measure.plan.scenarios import size_text
from upecho.report.figures import three_digits
from upecho.report.page import columns
from upecho.report.page.building.across import Across
from upecho.report.page.html.markup import Html, element, join
from upecho.report.page.model.conformance import Subject
from upecho.report.page.model.page import Comparison, LoadCurve, Measured, Section, Server, SizeCurve, Table


def identity(server: Server | Subject, family: str = "") -> dict[str, str]:
    """Return the attribute that the filters of the page select rows by: loop, framework, Python, family and model.

    The model is last because it may be a command, which may contain the character between them. One attribute is
    shorter than five, and a page has thousands of rows.

    Args:
        server: The server that a row is about.
        family: Its socket family; empty if the row is about several, or in a part of the page about one.
    """
    return {"data_of": "|".join((server.loop, server.framework, server.python, family, server.model))}


def family_table(section: Section, table: Table) -> Html:
    """Return the table of a family, and below it the servers without figures."""
    heads = ["group", "server", *columns.heads(section)]
    body = [_row(section, one, is_first=is_first) for one, is_first in _with_breaks(table.measured)]
    title = columns.title(section)
    caption = f"{title} {columns.caption(table)}"
    shown = scrolled(grid(caption, heads, body), caption) if body else element("p", caption)
    return element("div", shown, _absent(table, title), class_="family", data_family=table.family)


def causes_table(section: Section, table: Table) -> Html:
    """Return the table of what a request causes; nothing if the run does not tell, or if no server has figures."""
    heads = columns.causes_heads(section)
    if not heads or not table.measured:
        return Html()
    rows = [row(one.server.label, *columns.causes(section, one), **identity(one.server)) for one in table.measured]
    caption = f"{columns.title(section)} {columns.causes_caption(table)}"
    return element(
        "div", scrolled(grid(caption, ["server", *heads], rows), caption), class_="family", data_family=table.family
    )


def scrolled(table: Html, label: str) -> Html:
    """Return a table that scrolls sideways where it is wider than the window, also with the keyboard."""
    return element("div", table, class_="scroll", tabindex=0, role="region", aria_label=label)


def grid(caption: str, heads: Sequence[str], body: Sequence[Html], class_: str = "") -> Html:
    """Return a table with a caption and one row of heads."""
    head = element("tr", *(element("th", one, scope="col") for one in heads))
    return element("table", element("caption", caption), element("thead", head), element("tbody", *body), class_=class_)


def row(first: str, *cells: str, **attributes: str) -> Html:
    """Return a row whose first cell is its head."""
    return element("tr", element("th", first, scope="row"), *(element("td", one) for one in cells), **attributes)


def _with_breaks(measured: Sequence[Measured]) -> Iterator[tuple[Measured, bool]]:
    """Yield each line with whether it is the first of a group."""
    for number, one in enumerate(measured):
        yield one, number > 0 and one.group != measured[number - 1].group


def _row(section: Section, one: Measured, *, is_first: bool) -> Html:
    name: list[str] = [one.server.label]
    if one.failed_checks:
        name.append(element("small", f" fails {', '.join(one.failed_checks)}", class_="bad"))
    return element(
        "tr",
        element("td", str(one.group), class_="group"),
        element("th", *name, scope="row"),
        *(element("td", text) for text in columns.figures(section, one)),
        class_="break" if is_first else "",
        **identity(one.server),
    )


def _absent(table: Table, title: str) -> Html:
    if not table.absent:
        return Html()
    rows = [
        row(
            one.server.label,
            element("span", one.reason, class_="bad" if one.failed else "muted"),
            **identity(one.server),
        )
        for one in table.absent
    ]
    caption = f"without figures over {table.family}"
    shown = scrolled(grid(caption, ["server", "reason"], rows), f"{title} {caption}")
    return element("details", element("summary", f"{len(rows)} {caption}"), shown)


def comparisons(found: Sequence[Comparison]) -> Html:
    """Return the table of what differs between families, Pythons, and cold and warm servers."""
    rows = [row(*columns.comparison(one), **identity(one.server)) for one in found]
    return scrolled(grid("Cost per request, paired by round", columns.COMPARISONS, rows, class_="words"), "Comparisons")


def across_pythons(section: Section, one: Across) -> Html:
    """Return the table of the costs of each implementation across Pythons, a column for each Python."""
    rows = [
        row(*cells, **identity(replace(next(filter(None, measured)).server, python="")))
        for cells, measured in zip(columns.across_pythons(one), one.servers.values(), strict=True)
    ]
    caption = f"{columns.title(section)} across Pythons {columns.caption(one.table)}"
    table = scrolled(grid(caption, ["server", *one.pythons], rows), caption)
    return element("div", table, class_="family", data_family=one.table.family)


def load_table(curves: Sequence[LoadCurve]) -> Html:
    """Return the table of latencies over load."""
    rows = [
        row(
            curve.server.label,
            columns.curve(curve),
            curve.family,
            *columns.load_figures(point),
            **identity(curve.server, curve.family),
        )
        for curve in curves
        for point in curve.points
    ]
    caption = "Latency at a share of each server's capacity"
    return scrolled(grid(caption, ["server", "curve", "family", *columns.LOAD], rows), caption)


def size_table(curves: Sequence[SizeCurve]) -> Html:
    """Return the table of costs over message size, a column for each size."""
    sizes = sorted({size for curve in curves for size, _ in curve.points})
    rows = [
        row(
            columns.owner(curve),
            curve.load,
            curve.family,
            *(three_digits(costs[size]) if size in costs else columns.NONE for size in sizes),
            **identity(curve.server, curve.family),
        )
        for curve in curves
        for costs in [dict(curve.points)]
    ]
    caption = "CPU time in µs per request by message size"
    return scrolled(grid(caption, ["server", "load", "family", *_size_heads(sizes)], rows), caption)


def _size_heads(sizes: Sequence[int]) -> Sequence[str]:
    """Return the sizes in their units; in bytes if two would look the same."""
    heads = [size_text(size) for size in sizes]
    return heads if len(set(heads)) == len(sizes) else [f"{size} B" for size in sizes]


def listed(items: Sequence[str]) -> Html:
    """Return a list; nothing if it has no items."""
    return element("ul", *(element("li", one) for one in items)) if items else join(())
