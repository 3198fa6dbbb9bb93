"""Draws the charts of a page as SVG, in the colours of GitHub, for a light and for a dark page."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import vl_convert

from upecho.report.page.building.across import in_numeric_order
from upecho.report.page.charts import specifications as charts
from upecho.report.page.charts.rows import Row

WIDTH = 840  # pixels; a page of GitHub is about as wide
FACET_WIDTH, MIN_FACET_WIDTH = 250, 150  # pixels of a facet: what it should have, and what it has at least
SPACING = 20  # pixels between two facets
# Pixels around the chart. At the left there is room for names in a font that is wider than the one they were measured
# with, because a reader may not have that one.
PADDING = {"left": 36, "right": 12, "top": 8, "bottom": 8}
CLIP = re.compile(r"(?<=[\"#])clip\d+(?=[\")])")  # which Vega numbers across all charts of a process
COLOUR = re.compile(r'(?<=")#[0-9a-f]{6}(?=")')
FONT = "Helvetica, Arial, sans-serif"  # vl-convert contains a font of these widths, so that no other font is needed
# https://primer.style/foundations/color: the background, and what charts.CONFIG has marks for
LIGHT = {"background": "#ffffff", "text": "#1f2328", "muted": "#59636e", "line": "#d1d9e0", "accent": "#0969da"}
DARK = {"background": "#0d1117", "text": "#f0f6fc", "muted": "#9198a1", "line": "#3d444d", "accent": "#4493f8"}
THEMES = ("light", "dark")
IN_THE_DARK = {colour: DARK[name] for name, colour in LIGHT.items()}


@dataclass(frozen=True)
class Drawing:
    """A chart.

    Attributes:
        svg: Its text for each theme, keyed by the name of the theme.
        note: Which servers are left out, because the chart would be too large; empty if none is.
    """

    svg: Mapping[str, str]
    note: str


def drawing(name: str, rows: Sequence[Row]) -> Drawing:
    """Return a chart.

    Args:
        name: What it shows: a key of ``charts.specs``.
        rows: Its data, with at least one row.
    """
    shown, note = _limited(name, rows)
    chart = charts.specs()[name]
    svg = _drawn(_spec(chart, shown))
    return Drawing({"light": svg, "dark": COLOUR.sub(lambda found: IN_THE_DARK.get(found[0], found[0]), svg)}, note)


def _drawn(spec: dict[str, Any]) -> str:
    svg = vl_convert.vegalite_to_svg(spec)
    clips = {clip: f"clip{number}" for number, clip in enumerate(dict.fromkeys(CLIP.findall(svg)))}
    return CLIP.sub(lambda found: clips[found[0]], svg)


def _spec(chart: Mapping[str, Any], rows: Sequence[Row]) -> dict[str, Any]:
    """Return a specification that contains its data, and values in place of the marks, in light colours."""
    facets = _unique(rows, chart["facet"])
    marks = {
        charts.SERVERS: _unique(rows, "server"),
        charts.FACETS: facets,
        charts.PYTHONS: sorted({row.get("version", "") for row in rows}, key=in_numeric_order),
        **{f"@{name}": colour for name, colour in LIGHT.items()},
    }
    spec: dict[str, Any] = _replaced(chart["spec"], marks)
    room = WIDTH - chart["labels"]
    columns = max(1, min(len(facets), room // FACET_WIDTH))
    spec["columns"] = columns
    spec["spec"]["width"] = max(MIN_FACET_WIDTH, (room - SPACING * columns) // columns)
    config = {"background": LIGHT["background"], "font": FONT, "padding": PADDING, **_replaced(charts.CONFIG, marks)}
    return {**spec, "datasets": {chart["data"]: rows}, "config": config}


def _replaced(part: Any, marks: Mapping[str, Any]) -> Any:
    """Return a part of a specification with values in place of the marks."""
    if isinstance(part, list):
        is_mark = len(part) == 1 and isinstance(part[0], str) and part[0] in marks
        return marks[part[0]] if is_mark else [_replaced(one, marks) for one in part]
    if isinstance(part, dict):
        return {key: _replaced(value, marks) for key, value in part.items()}
    return part


def _limited(name: str, rows: Sequence[Row]) -> tuple[list[Row], str]:
    """Return the rows that a chart has room for, and which servers are left out."""
    if field := charts.OF_LINES.get(name, ""):
        lines = _unique(rows, field)
        few = lines[: charts.MAX_LINES]
        note = f"Only {len(few)} of {len(lines)} servers, to keep the lines apart."
        return [row for row in rows if row[field] in few], note if len(few) < len(lines) else ""
    servers = _unique(rows, "server")
    pythons = Counter(row["python"] for row in rows)
    if len(servers) <= charts.MAX_ROWS or len(pythons) < 2:
        return list(rows), ""
    python = max(pythons, key=pythons.__getitem__)
    return [row for row in rows if row["python"] == python], f"Only servers on {python}, to keep the chart small."


def _unique(rows: Sequence[Row], field: str) -> list[Any]:
    return list(dict.fromkeys(row[field] for row in rows))
