"""Describes the charts of a page in Vega-Lite. Their data has a name only: whatever draws them fills it in, filtered.

The script of the HTML page, and ``drawing`` for SVG, replace what depends on the data and on the room: the width of a
facet, the number of facets side by side, and the marks ``SERVERS``, ``FACETS`` and ``PYTHONS``, each of which stands
for all values that the data contains. In ``CONFIG`` they replace the marks of colours.
"""

import functools
from typing import Any

import altair as alt

from upecho.report.page.charts.rows import FREE_THREADED, WITH_GIL
from upecho.report.page.quantities import QUANTITIES

SERVERS, FACETS, PYTHONS = "@servers", "@facets", "@pythons"
TEXT, MUTED, LINE, ACCENT = "@text", "@muted", "@line", "@accent"
WIDTH = 200  # pixels, until it is known how wide the chart may be
ROW = 17  # pixels of a server's row
SERVER_LABELS, NUMBER_LABELS = 205, 60  # pixels beside a facet for the labels of its vertical axis

NINES = (2, 10, 100, 1000, 10_000, 100_000)  # requests for each slower one: 50 %, 90 %, 99 % and so on
NINES_LABEL = (
    "datum.value < 10 ? '50%' : format(1 - 1 / datum.value, '.' + max(0, round(log(datum.value) / LN10) - 2) + '%')"
)
SIZE_LABEL = (
    "datum.value >= 1048576 ? format(datum.value / 1048576, '~r') + ' MiB' : "
    "datum.value >= 1024 ? format(datum.value / 1024, '~r') + ' KiB' : datum.value + ' B'"
)
MAX_ROWS = 40  # servers in a chart of dots, above which a page shows those of one Python first
MAX_LINES = 12  # servers in a chart of lines, which would be a tangle with more
OF_LINES = {"percentiles": "server", "load": "server", "pythons": "target"}  # charts of lines, each with what has one
CONFIG = {
    "view": {"stroke": [LINE]},
    "axis": {
        "labelColor": [TEXT],
        "titleColor": [MUTED],
        "gridColor": [LINE],
        "domainColor": [MUTED],
        "tickColor": [MUTED],
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
    },
    "legend": {
        "labelColor": [TEXT],
        "titleColor": [MUTED],
        "labelFontSize": 12,
        "symbolBaseFillColor": [MUTED],
        "symbolBaseStrokeColor": [MUTED],
        "columns": 4,
    },
    "header": {"labelColor": [TEXT], "titleColor": [MUTED], "labelFontSize": 13},
    "title": {"color": [TEXT]},
    "point": {"color": [ACCENT]},
    "rule": {"color": [ACCENT]},
    "line": {"color": [ACCENT]},
    "text": {"color": [TEXT]},
}
LOG = alt.Scale(type="log", nice=False, padding=8)


@functools.cache
def specs() -> dict[str, dict[str, Any]]:
    """Return all charts, keyed by what they show.

    Each is an object with its specification in Vega-Lite (``spec``), the name of its data (``data``), the field by
    which it is divided into facets (``facet``), and the room for the labels of its vertical axis in pixels
    (``labels``).
    """
    cost = "relative CPU time per request"
    speed = "relative requests per second"
    return {
        "cost": _faceted(_ratios("cost", cost), "family", data="servers", labels=SERVER_LABELS),
        "speed": _faceted(_ratios("speed", speed), "family", data="servers", labels=SERVER_LABELS),
        "percentiles": _faceted(_percentiles(), "family", data="servers", labels=NUMBER_LABELS),
        "pythons": _faceted(_pythons(), "family", data="servers", labels=NUMBER_LABELS),
        "load": _faceted(_load(), "facet", data="load", labels=NUMBER_LABELS),
        "sizes": _faceted(_sizes(), "name", data="sizes", labels=NUMBER_LABELS),
        "memory": _faceted(_memory(), "family", data="memory", labels=SERVER_LABELS),
    }


def _faceted(chart: Any, field: str, *, data: str, labels: int) -> dict[str, Any]:
    header = alt.Header(title=None, labelFontWeight="bold")
    facet = alt.Facet(f"{field}:N", header=header, sort=[FACETS])
    spec = chart.facet(facet=facet, columns=2, data=alt.NamedData(name=data), spacing=18).to_dict()
    del spec["config"]  # of altair; CONFIG replaces it
    return {"spec": spec, "data": data, "facet": field, "labels": labels}


def _ratios(name: str, title: str) -> alt.LayerChart:
    """Return dots with intervals, above the band of A/A and a line at 1; beside each is the number of its group."""
    scale = alt.Scale(type="log", nice=False, padding=14)
    y = alt.Y("server:N", sort=[SERVERS], axis=alt.Axis(title=None, labelLimit=190), scale=alt.Scale(paddingInner=0.2))
    shape = alt.Shape("passes:N", legend=None, scale=alt.Scale(domain=[True, False], range=["circle", "cross"]))
    axis = alt.Axis(title=title, grid=True, tickCount=5, format="~g")

    def x(field: str) -> alt.X:
        return alt.X(f"{field}:Q", scale=scale, axis=axis)

    band = alt.Chart().mark_rect(color="#8884", clip=True).encode(x=x("min(band_from)"), x2="max(band_to):Q")
    line = alt.Chart().mark_rule(strokeDash=[3, 3], color="#888").encode(x=x("min(one)"))
    interval = alt.Chart().mark_rule(strokeWidth=2).encode(x=x("begin"), x2="end:Q", y=y)
    dot = alt.Chart().mark_point(filled=True, size=46, opacity=1)
    dot = dot.encode(x=x(name), y=y, shape=shape, tooltip=_ratio_tooltip(name))
    parts = [band, line, interval, dot]
    if name == "cost":  # by which servers are grouped
        parts.append(alt.Chart().mark_text(align="left", dx=6, fontSize=10).encode(x=x("end"), y=y, text="group:N"))
    edges = {
        "one": "1",
        "band_from": _or(f"{name}_from", "1"),
        "band_to": _or(f"{name}_to", "1"),
        "begin": _or(f"{name}_low", f"datum.{name}"),
        "end": _or(f"{name}_high", f"datum.{name}"),
    }
    return alt.layer(*parts).transform_calculate(**edges).properties(width=WIDTH, height={"step": ROW})


def _or(field: str, otherwise: str) -> str:
    """Return an expression for a field that may be missing, so that no interval or no band is seen."""
    return f"isValid(datum.{field}) ? datum.{field} : {otherwise}"


def _ratio_tooltip(name: str) -> list[alt.Tooltip]:
    ratio = [(name, "ratio"), (f"{name}_low", "interval from"), (f"{name}_high", "to")]
    return [
        alt.Tooltip("server:N"),
        alt.Tooltip("family:N"),
        *(alt.Tooltip(f"{field}:Q", title=title, format=".3f") for field, title in ratio),
        *(_number(quantity.key, quantity.title) for quantity in QUANTITIES),
        alt.Tooltip("group:O", title="group"),
        alt.Tooltip("passes:N", title="passes the checks"),
    ]


def _number(field: str, title: str) -> alt.Tooltip:
    return alt.Tooltip(f"{field}:Q", title=title, format=",.3~r")


def _percentiles() -> alt.LayerChart:
    """Return latency over percentile, on the axis of HdrHistogram's plots."""
    axis = alt.Axis(title="share of requests that were faster", values=list(NINES), labelExpr=NINES_LABEL)
    x = alt.X("p:Q", scale=alt.Scale(type="log", nice=False), axis=axis)
    tooltip = [alt.Tooltip("server:N"), alt.Tooltip("family:N"), _number("us", "µs")]
    return _lines(x, tooltip, color="kind").transform_flatten(["p", "us"])


def _load() -> alt.LayerChart:
    """Return latency over load, a facet for each family and percentile."""
    x = alt.X("share:Q", axis=alt.Axis(title="load, as a share of capacity", format="%", tickCount=5))
    share = alt.Tooltip("share:Q", title="load", format=".0%")
    tooltip = [
        alt.Tooltip("server:N"),
        alt.Tooltip("facet:N"),
        share,
        _number("rate", "requests/s"),
        _number("us", "µs"),
    ]
    return _lines(x, tooltip, color="server")


def _lines(x: alt.X, tooltip: list[alt.Tooltip], *, color: str) -> alt.LayerChart:
    """Return latencies as a line with dots for each server; the one below the pointer stands out."""
    hover = alt.selection_point(fields=["server"], on="pointerover", clear="pointerout")
    legend = alt.Legend(title=None, orient="bottom", symbolType="stroke", labelLimit=160)
    base = alt.Chart().encode(
        x=x,
        y=alt.Y("us:Q", scale=LOG, axis=alt.Axis(title="latency, µs", format="~s")),
        detail="server:N",
        color=alt.Color(f"{color}:N", scale=alt.Scale(scheme="tableau20"), legend=legend),
        opacity=alt.condition(hover, alt.value(1), alt.value(0.12)),
    )
    dots = base.mark_point(filled=True, size=34).encode(tooltip=tooltip).add_params(hover)
    return alt.layer(base.mark_line(strokeWidth=1.6), dots).properties(width=WIDTH, height=260)


def _pythons() -> alt.LayerChart:
    """Return a line for each implementation across Pythons, and a dashed one for their free-threaded builds."""
    builds = [WITH_GIL, FREE_THREADED]
    legend = alt.Legend(title=None, orient="bottom", labelLimit=160)
    of_builds = alt.Legend(title=None, orient="top")
    dashes = alt.Scale(domain=builds, range=[[1, 0], [5, 4]])
    base = alt.Chart().encode(
        x=alt.X("version:N", sort=[PYTHONS], axis=alt.Axis(title=None, labelAngle=-40)),
        y=alt.Y("cost:Q", scale=LOG, axis=alt.Axis(title="relative CPU time per request", format="~g")),
        color=alt.Color("target:N", scale=alt.Scale(scheme="tableau20"), legend=legend),
        detail="build:N",
    )
    ratio = [("cost", "ratio"), ("cost_low", "interval from"), ("cost_high", "to")]
    figures = [alt.Tooltip(f"{field}:Q", title=title, format=".3f") for field, title in ratio]
    tooltip = [alt.Tooltip("target:N"), alt.Tooltip("python:N"), alt.Tooltip("family:N"), *figures]
    line = base.mark_line(strokeWidth=1.6).encode(strokeDash=alt.StrokeDash("build:N", scale=dashes, legend=of_builds))
    interval = base.mark_rule().encode(y=alt.Y("begin:Q"), y2="end:Q")
    shape = alt.Shape("build:N", legend=of_builds, scale=alt.Scale(domain=builds, range=["circle", "triangle-up"]))
    dots = base.mark_point(filled=True, size=40, opacity=1).encode(shape=shape, tooltip=tooltip)
    edges = {"begin": _or("cost_low", "datum.cost"), "end": _or("cost_high", "datum.cost")}
    chart = alt.layer(line, interval, dots).transform_filter("!datum.cold").transform_calculate(**edges)
    return chart.properties(width=WIDTH, height=240)


def _sizes() -> alt.LayerChart:
    """Return cost over message size, a facet for each server and a line for each family."""
    sizes = alt.Axis(title="message size", labelExpr=SIZE_LABEL, tickCount=5)
    base = alt.Chart().encode(
        x=alt.X("size:Q", scale=alt.Scale(type="log", base=2), axis=sizes),
        y=alt.Y("cpu:Q", scale=LOG, axis=alt.Axis(title="CPU µs per request", format="~g")),
        color=alt.Color("family:N", legend=alt.Legend(title=None, orient="bottom")),
        detail="load:N",
    )
    size = alt.Tooltip("size:Q", title="bytes", format=",")
    tooltip = [alt.Tooltip("server:N"), alt.Tooltip("family:N"), size, _number("cpu", "CPU µs per request")]
    dots = base.mark_point(filled=True, size=40, opacity=1).encode(tooltip=tooltip)
    return alt.layer(base.mark_line(), dots).properties(width=WIDTH, height=180)


def _memory() -> alt.LayerChart:
    """Return the memory of each server for a client that is connected and sends nothing."""
    tooltip = [alt.Tooltip("server:N"), alt.Tooltip("python:N"), alt.Tooltip("family:N"), _number("kib", "KiB")]
    dot = alt.Chart().mark_point(filled=True, size=46, opacity=1)
    dot = dot.encode(
        x=alt.X("kib:Q", axis=alt.Axis(title="KiB per idle client", format="~g", tickCount=5)),
        y=alt.Y("server:N", sort=[SERVERS], axis=alt.Axis(title=None, labelLimit=190)),
        tooltip=tooltip,
    )
    return alt.layer(dot).properties(width=WIDTH, height={"step": ROW})
