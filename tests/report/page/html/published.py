"""Makes a published page again from the files that it names, which lie beside it, and compares."""

import base64
import gzip
import json
import re
from pathlib import Path
from typing import Any

from upecho.report.page.building import page
from upecho.report.page.inputs import read

SCRIPT = re.compile(r"<script.*?</script>", re.DOTALL)
DATA = re.compile(r'<script type="application/gzip" id="data">(.*?)</script>', re.DOTALL)


def data_of(text: str) -> dict[str, Any]:
    """Return the data of the charts of a page."""
    found = DATA.search(text)
    assert found
    data: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(found[1])))
    return data


def is_up_to_date(path: Path) -> bool:
    """Return whether a page shows what the files beside it contain.

    The scripts that draw the charts, and the specifications of the charts, depend on the versions of the packages that
    made them, so they are not compared.
    """
    from upecho.report.page.html import document  # noqa: PLC0415 (belongs to an extra)

    text = path.read_text(encoding="utf-8")
    data = data_of(text)
    again = document.document(page(read([path.parent / name for name in data["sources"]]), data["title"]), library="")
    return SCRIPT.sub("", text) == SCRIPT.sub("", again) and _shown(data) == _shown(data_of(again))


def _shown(data: dict[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in data.items() if name != "charts"}
