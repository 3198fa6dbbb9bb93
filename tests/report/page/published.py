"""Makes a published page again from the files that it names, which lie beside it, and compares."""

import base64
import gzip
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from upecho.report.page.building.page import page
from upecho.report.page.inputs.files import read
from upecho.report.page.model.page import Page

SCRIPT = re.compile(r"<script.*?</script>", re.DOTALL)
DATA = re.compile(r'<script type="application/gzip" id="data">(.*?)</script>', re.DOTALL)
ORIGIN = re.compile(r"<!-- made by upecho report; do not edit: (\{.*\}) -->\n")
LABEL = re.compile(r'aria-label="(?![XY]-axis)([^"]*)"')  # the ends of an axis depend on the width of the chart


def pages(directory: Path) -> list[Path]:
    """Return the rendered pages in a directory."""
    markdown = [path for path in directory.glob("*.md") if ORIGIN.match(path.read_text(encoding="utf-8"))]
    return sorted([*directory.glob("*.html"), *markdown])


def data_of(text: str) -> dict[str, Any]:
    """Return the data of the charts of an HTML page."""
    found = DATA.search(text)
    assert found
    data: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(found[1])))
    return data


def is_up_to_date(path: Path) -> bool:
    """Return whether a page shows what the files that it links to contain.

    How a chart is drawn depends on the versions of the packages that drew it, so that only its data are compared.
    """
    return _is_html_up_to_date(path) if path.suffix == ".html" else _is_markdown_up_to_date(path)


def _again(path: Path, origin: dict[str, Any]) -> Page:
    files = [path.parent / unquote(address) for address in origin["sources"]]
    return page(read(files), origin["title"], directory=path.parent)


def _is_html_up_to_date(path: Path) -> bool:
    from upecho.report.page.html import document  # noqa: PLC0415 (belongs to an extra)

    text = path.read_text(encoding="utf-8")
    data = data_of(text)
    again = document.document(_again(path, data), library="")
    return SCRIPT.sub("", text) == SCRIPT.sub("", again) and _shown(data) == _shown(data_of(again))


def _shown(data: dict[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in data.items() if name not in ("charts", "config")}


def _is_markdown_up_to_date(path: Path) -> bool:
    from upecho.report.page.markdown import document  # noqa: PLC0415 (belongs to an extra)

    text, directory = path.read_text(encoding="utf-8"), path.with_name(f"{path.stem}-charts")
    origin = ORIGIN.match(text)
    assert origin
    again = document.document(_again(path, json.loads(origin[1])), directory.name)
    charts = {chart.name: chart.read_text(encoding="utf-8") for chart in directory.glob("*.svg")}
    return text == again.text and _labels(charts) == _labels(again.charts)


def _labels(charts: Any) -> dict[str, list[str]]:
    """Return what each chart says about its marks, which contains their data."""
    return {name: LABEL.findall(svg) for name, svg in charts.items()}
