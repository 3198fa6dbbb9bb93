"""Describes the charts of a page in Vega-Lite. Their data has a name only: the page fills it in, filtered.

The script of the page replaces what depends on the data and on the width of the window: the width of a facet, the
number of facets side by side, and the order of servers, for which ``ORDER`` stands.
"""

from typing import Any

import altair as alt

ORDER = "@order"  # stands for the servers in the order of the table
WIDTH = 200  # pixels, until the script of the page sets it
ROW = 17  # pixels of a server's row

NINES = (2, 10, 100, 1000, 10_000, 100_000)  # requests for each slower one: 50 %, 90 %, 99 % and so on
NINES_LABEL = (
    "datum.value < 10 ? '50%' : format(1 - 1 / datum.value, '.' + max(0, round(log(datum.value) / LN10) - 2) + '%')"
)


def specs() -> dict[str, dict[str, Any]]:
    """Return the specifications of all charts in Vega-Lite, keyed by what they show."""
    charts = {
        "cost": _ratios("cost", "CPU time per request, relative to the reference", "servers"),
        "speed": _ratios("speed", "requests per second, relative to the reference", "servers"),
        "percentiles": _percentiles(),
        "pythons": _pythons(),
        "load": _load(),
        "sizes": _sizes(),
        "memory": _memory(),
    }
    return {
        name: {key: part for key, part in chart.to_dict().items() if key != "config"} for name, chart in charts.items()
    }


def _named(name: str) -> alt.NamedData:
    return alt.NamedData(name=name)


def _facets(chart: Any, field: str, data: str) -> alt.FacetChart:
    header = alt.Header(title=None, labelFontWeight="bold")
    faceted: alt.FacetChart = chart.facet(
        facet=alt.Facet(f"{field}:N", header=header, sort=None), columns=2, data=_named(data), spacing=18
    )
    return faceted


def _ratios(name: str, title: str, data: str) -> alt.FacetChart:
    """Return dots with intervals, above the band of A/A and a line at 1."""
    scale = alt.Scale(type="log", nice=False, padding=12)
    axis = alt.Axis(title=title, grid=True, tickCount=5, format="~g")
    y = alt.Y("server:N", sort=[ORDER], axis=alt.Axis(title=None, labelLimit=190), scale=alt.Scale(paddingInner=0.2))
    x = alt.X(f"{name}:Q", scale=scale, axis=axis)
    band = (
        alt.Chart()
        .mark_rect(color="#8884", clip=True)
        .encode(x=alt.X(f"min({name}_from):Q", scale=scale, title=title), x2=f"max({name}_to):Q")
    )
    line = (
        alt.Chart().mark_rule(strokeDash=[3, 3], color="#888").encode(x=alt.X("min(one):Q", scale=scale, title=title))
    )
    interval = (
        alt.Chart()
        .mark_rule(strokeWidth=2)
        .encode(x=alt.X(f"{name}_low:Q", scale=scale, title=title), x2=f"{name}_high:Q", y=y)
    )
    dot = (
        alt.Chart()
        .mark_point(filled=True, size=46, opacity=1)
        .encode(
            x=x,
            y=y,
            shape=alt.Shape("passes:N", legend=None, scale=alt.Scale(domain=[True, False], range=["circle", "cross"])),
            tooltip=_tooltip(name),
        )
    )
    return _facets(
        alt.layer(band, line, interval, dot).transform_calculate(one="1").properties(width=WIDTH, height={"step": ROW}),
        "family",
        data,
    )


def _tooltip(name: str) -> list[alt.Tooltip]:
    figures = [(name, "ratio"), (f"{name}_low", "interval from"), (f"{name}_high", "to")]
    return [
        alt.Tooltip("server:N"),
        alt.Tooltip("family:N"),
        *(alt.Tooltip(f"{field}:Q", title=title, format=".3f") for field, title in figures),
        alt.Tooltip("cpu:Q", title="CPU µs per request", format=",.3~r"),
        alt.Tooltip("rate:Q", title="requests/s", format=",.3~r"),
        alt.Tooltip("group:O", title="group"),
        alt.Tooltip("passes:N", title="passes the checks"),
    ]


def _percentiles() -> alt.FacetChart:
    """Return latency over percentile, on the axis of HdrHistogram's plots."""
    axis = alt.Axis(title="share of requests that were faster", values=list(NINES), labelExpr=NINES_LABEL)
    x = alt.X("p:Q", scale=alt.Scale(type="log", nice=False), axis=axis)
    tooltip = [alt.Tooltip("server:N"), alt.Tooltip("family:N"), alt.Tooltip("us:Q", title="µs", format=",.3~r")]
    chart = _lines(
        x, alt.Y("us:Q", scale=alt.Scale(type="log"), axis=alt.Axis(title="latency, µs", format="~s")), tooltip
    )
    return _facets(chart.transform_flatten(["p", "us"]), "family", "servers")


def _lines(x: alt.X, y: alt.Y, tooltip: list[alt.Tooltip], color: str = "kind") -> alt.LayerChart:
    """Return a line with dots for each server; the one below the pointer stands out."""
    hover = alt.selection_point(fields=["server"], on="pointerover", clear="pointerout", nearest=False)
    legend = alt.Legend(title=None, orient="bottom", columns=4, symbolType="stroke", labelLimit=160)
    base = alt.Chart().encode(
        x=x, y=y, detail="server:N", color=alt.Color(f"{color}:N", scale=alt.Scale(scheme="tableau20"), legend=legend)
    )
    line = base.mark_line(strokeWidth=1.6).encode(opacity=alt.condition(hover, alt.value(1), alt.value(0.12)))
    dots = base.mark_point(filled=True, size=34).encode(
        opacity=alt.condition(hover, alt.value(1), alt.value(0.12)), tooltip=tooltip
    )
    return alt.layer(line, dots.add_params(hover)).properties(width=WIDTH, height=260)


def _pythons() -> alt.FacetChart:
    """Return a line for each implementation across the Pythons that ran it; free-threaded ones stand beside."""
    x = alt.X("python:N", sort=["@pythons"], axis=alt.Axis(title=None, labelAngle=-40))
    y = alt.Y(
        "cost:Q", scale=alt.Scale(type="log"), axis=alt.Axis(title="cost, relative to the reference", format="~g")
    )
    tooltip = [alt.Tooltip("target:N"), alt.Tooltip("python:N"), alt.Tooltip("cost:Q", title="ratio", format=".3f")]
    color = alt.Color(
        "target:N", scale=alt.Scale(scheme="tableau20"), legend=alt.Legend(title=None, orient="bottom", columns=3)
    )
    base = alt.Chart().encode(x=x, color=color, detail="target:N")
    line = base.mark_line(strokeWidth=1.6).encode(y=y).transform_filter("!datum.free_threaded")
    interval = base.mark_rule().encode(y=alt.Y("cost_low:Q"), y2="cost_high:Q")
    dots = base.mark_point(filled=True, size=40, opacity=1).encode(
        y=y, shape=alt.Shape("free_threaded:N", legend=None), tooltip=tooltip
    )
    chart = alt.layer(line, interval, dots).transform_calculate(
        free_threaded="indexof(datum.python, 'free-threaded') >= 0"
    )
    return _facets(chart.properties(width=WIDTH, height=240), "family", "servers")


def _load() -> alt.FacetChart:
    """Return latency over load, a facet for each family and percentile."""
    x = alt.X("share:Q", axis=alt.Axis(title="load, as a share of the server's capacity", format="%"))
    y = alt.Y("us:Q", scale=alt.Scale(type="log"), axis=alt.Axis(title="latency, µs", format="~s"))
    tooltip = [
        alt.Tooltip("server:N"),
        alt.Tooltip("percentile:N"),
        alt.Tooltip("share:Q", format="%"),
        alt.Tooltip("rate:Q", title="requests/s", format=",.3~r"),
        alt.Tooltip("us:Q", title="µs", format=",.3~r"),
    ]
    chart = _lines(x, y, tooltip, color="server")
    return _facets(chart.transform_calculate(facet="datum.family + ', ' + datum.percentile"), "facet", "load")


def _sizes() -> alt.FacetChart:
    """Return cost over message size, a facet for each server and a line for each family."""
    x = alt.X(
        "size:Q",
        scale=alt.Scale(type="log", base=2),
        axis=alt.Axis(title="message size, bytes", format="~s", tickCount=5),
    )
    y = alt.Y("cpu:Q", scale=alt.Scale(type="log"), axis=alt.Axis(title="CPU µs per request", format="~g"))
    tooltip = [
        alt.Tooltip("server:N"),
        alt.Tooltip("family:N"),
        alt.Tooltip("size:Q", title="bytes", format=","),
        alt.Tooltip("cpu:Q", title="CPU µs per request", format=",.3~r"),
    ]
    color = alt.Color("family:N", legend=alt.Legend(title=None, orient="bottom"))
    base = alt.Chart().encode(x=x, y=y, color=color)
    chart = alt.layer(base.mark_line(), base.mark_point(filled=True, size=40, opacity=1).encode(tooltip=tooltip))
    return _facets(chart.properties(width=WIDTH, height=180), "name", "sizes")


def _memory() -> alt.FacetChart:
    """Return the memory of each server for a client that is connected and sends nothing."""
    axis = alt.Axis(title="KiB per idle client", format="~g", tickCount=5)
    tooltip = [
        alt.Tooltip("server:N"),
        alt.Tooltip("python:N"),
        alt.Tooltip("family:N"),
        alt.Tooltip("kib:Q", title="KiB", format=".3~r"),
    ]
    y = alt.Y("server:N", sort=[ORDER], axis=alt.Axis(title=None, labelLimit=190))
    dot = (
        alt.Chart()
        .mark_point(filled=True, size=46, opacity=1)
        .encode(x=alt.X("kib:Q", axis=axis), y=y, tooltip=tooltip)
    )
    return _facets(dot.properties(width=WIDTH, height={"step": ROW}), "family", "memory")
