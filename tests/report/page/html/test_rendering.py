"""Without the packages that draw charts there is no page, but an error that says what to install."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import upecho.report.page.html
from tests.report.page.samples import results, saved

pytestmark = pytest.mark.once


@pytest.mark.parametrize("package", ["altair", "vl_convert"])
def test_missing_package_is_reported(
    package: str, refusal: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("charts", "document"):
        monkeypatch.delitem(sys.modules, f"upecho.report.page.html.{name}", raising=False)
        monkeypatch.delattr(upecho.report.page.html, name, raising=False)
    monkeypatch.setitem(sys.modules, package, None)
    line = refusal("report", *saved(tmp_path, a=results()), "--output", str(tmp_path / "page.html"))
    assert line == (
        f"charts need altair and vl-convert-python: the package {package} is not installed; install them with "
        "pip install 'upecho[report]'"
    )
