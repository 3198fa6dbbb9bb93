"""Writes the tables of figures: a row for each server, in groups that cannot be told apart."""

from collections.abc import Iterator, Sequence

from upecho.measure.plan.scenarios import Scenario
from upecho.measure.statistics.ratios import Ratio
from upecho.measure.statistics.summary import Spread
from upecho.report.benchmark.lines import UNKNOWN
from upecho.report.figures import interval_text, percent, three_digits
from upecho.report.page.conformance_model import Subject
from upecho.report.page.html.markup import Html, element, join
from upecho.report.page.model import Comparison, LoadCurve, Measured, Section, Server, SizeCurve, Table

NONE = "-"


def ratio_text(ratio: Ratio, *, has_interval: bool) -> str:
    """Return a ratio with its interval, or with a question mark if there is none."""
    return interval_text(ratio) if has_interval else f"{ratio.ratio:.2f} {UNKNOWN}"


def identity(server: Server | Subject) -> dict[str, str]:
    """Return the attributes that the filters of the page select rows by."""
    return {
        "data_model": server.model,
        "data_loop": server.loop,
        "data_framework": server.framework,
        "data_python": server.python,
    }


def family_table(section: Section, table: Table) -> Html:
    """Return the table of a family, and below it the servers without figures."""
    heads = ["group", "server", "cost [95% interval]", "requests/s, relative", *_titles(section.scenario)]
    body = [_row(section.scenario, one, is_first=is_first) for one, is_first in _with_breaks(table.measured)]
    reference = f"relative to {table.reference}" if table.reference else "no server has figures"
    floor = "" if table.cost_floor is None else f"; A/A {percent(table.cost_floor)}"
    title = " ".join(filter(None, (section.scenario.name, section.run)))
    caption = f"{title} over {table.family}, {reference}{floor}"
    shown = scrolled(grid(caption, heads, body), caption) if body else element("p", caption)
    return element("div", shown, _absent(table, title), class_="family", data_family=table.family)


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


def _row(scenario: Scenario, one: Measured, *, is_first: bool) -> Html:
    cost = "1" if one.is_reference else ratio_text(one.cost, has_interval=one.has_interval)
    speed = "1" if one.is_reference else ratio_text(one.speed, has_interval=one.has_interval)
    name: list[str] = [one.server.label]
    if one.failed_checks:
        name.append(element("small", f" fails {', '.join(one.failed_checks)}", class_="bad"))
    return element(
        "tr",
        element("td", str(one.group), class_="group"),
        element("th", *name, scope="row"),
        element("td", cost),
        element("td", speed),
        *(element("td", text) for text in _figures(scenario, one)),
        class_="break" if is_first else "",
        **identity(one.server),
    )


def _titles(scenario: Scenario) -> list[str]:
    memory = ["KiB/connection"] if scenario.idle else []
    return ["CPU µs/request", "requests/s", "p50 µs", "p99 µs", "p99.9 µs", *memory, "trials"]


def _figures(scenario: Scenario, one: Measured) -> Iterator[str]:
    yield _spread(one.cpu_us)
    yield ("≥ " if one.saturated else "") + _spread(one.rate)
    yield from map(_spread, (one.p50_us, one.p99_us, one.p999_us))
    if scenario.idle:
        yield _spread(one.connection_kib)
    yield str(one.trials)


def _spread(spread: Spread | None) -> str:
    return three_digits(spread.median) if spread else NONE


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
    heads = ["server", "where", "cost of", "relative to", "ratio [95% interval]", "conclusion"]
    rows = [
        row(
            one.server.label,
            " ".join(filter(None, (one.where, one.run))),
            one.what,
            one.base,
            ratio_text(one.ratio, has_interval=one.has_interval),
            one.conclusion,
            **identity(one.server),
        )
        for one in found
    ]
    return scrolled(grid("Cost per request, paired by round", heads, rows, class_="words"), "Comparisons")


def load_table(curves: Sequence[LoadCurve]) -> Html:
    """Return the table of latencies over load."""
    heads = ["server", "family", "load", "requests/s", "p50 µs", "p99 µs", "p99.9 µs"]
    rows = [
        row(
            curve.server.label,
            curve.family,
            percent(point.share),
            *map(three_digits, (point.rate, point.p50_us, point.p99_us, point.p999_us)),
            **identity(curve.server),
            data_family=curve.family,
        )
        for curve in curves
        for point in curve.points
    ]
    caption = "Latency at a share of each server's capacity"
    return scrolled(grid(caption, heads, rows), caption)


def size_table(curves: Sequence[SizeCurve]) -> Html:
    """Return the table of costs over message size."""
    heads = ["server", "load", "family", "message size, bytes", "CPU µs/request"]
    rows = [
        row(
            " ".join(filter(None, (curve.server.label, curve.run))),
            curve.load,
            curve.family,
            str(size),
            three_digits(cost),
            **identity(curve.server),
            data_family=curve.family,
        )
        for curve in curves
        for size, cost in curve.points
    ]
    caption = "CPU time per request by message size"
    return scrolled(grid(caption, heads, rows), caption)


def listed(items: Sequence[str]) -> Html:
    """Return a list; nothing if it has no items."""
    return element("ul", *(element("li", one) for one in items)) if items else join(())
