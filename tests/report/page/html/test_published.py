"""The published pages are those that upecho report makes of the files beside them."""

from pathlib import Path
from typing import Any

import pytest

from tests.report.page.html.published import is_up_to_date
from tests.report.page.samples import results, saved, verdicts

pytest.importorskip("altair", reason="the extra report is not installed")
pytest.importorskip("vl_convert", reason="the extra report is not installed")

pytestmark = pytest.mark.once

REPORTS = Path(__file__).parents[4] / "reports"


@pytest.mark.parametrize("path", sorted(REPORTS.glob("*.html")), ids=lambda path: path.name)
def test_published_page_is_up_to_date(path: Path) -> None:
    assert is_up_to_date(path), f"{path.name} does not show what its files contain; make it again with upecho report"


@pytest.fixture
def page(upecho_here: Any, tmp_path: Path) -> Path:
    path = tmp_path / "page.html"
    files = saved(tmp_path, results=results(), verdicts=verdicts())
    assert upecho_here("report", *files, "--output", str(path), "--title", "T") == (0, "", "")
    return path


def test_page_that_was_just_made_is_up_to_date(page: Path) -> None:
    assert is_up_to_date(page)


@pytest.mark.parametrize(
    ("shown", "other"),
    [("<td>3.00 [", "<td>3.01 ["), ("still open", "closed")],
    ids=["table", "reason"],
)
def test_page_with_something_else_is_not(shown: str, other: str, page: Path) -> None:
    text = page.read_text()
    assert shown in text
    page.write_text(text.replace(shown, other, 1))
    assert not is_up_to_date(page)
