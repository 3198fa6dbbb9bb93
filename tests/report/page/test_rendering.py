"""Without the packages that draw charts there is no page, but an error that says what to install, and the text."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import upecho.report.page.charts
import upecho.report.page.html
import upecho.report.page.markdown
from tests.report.page.samples import results, saved

pytestmark = pytest.mark.once

MODULES = {
    upecho.report.page.charts: ("specifications", "drawing"),
    upecho.report.page.html: ("document",),
    upecho.report.page.markdown: ("document", "pictures"),
}


@pytest.fixture(params=["altair", "vl_convert"])
def missing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Make a package look as if it was not installed, and return its name."""
    for package, names in MODULES.items():
        for name in names:
            monkeypatch.delitem(sys.modules, f"{package.__name__}.{name}", raising=False)
            monkeypatch.delattr(package, name, raising=False)
    monkeypatch.setitem(sys.modules, request.param, None)
    return str(request.param)


@pytest.mark.parametrize("suffix", [".html", ".md"])
def test_missing_package_is_reported(suffix: str, missing: str, refusal: Callable[..., str], tmp_path: Path) -> None:
    files = saved(tmp_path, a=results())
    line = refusal("report", *files, "--output", str(tmp_path / f"page{suffix}"))
    assert line == (
        f"charts need altair and vl-convert-python: the package {missing} is not installed; install them with "
        "pip install 'upecho[report]'"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_text_needs_no_package(missing: str, upecho_here: Any, tmp_path: Path) -> None:
    status, out, err = upecho_here("report", *saved(tmp_path, a=results()), "--text")
    assert (status, err) == (0, "")
    assert "over inet, relative to native" in out
