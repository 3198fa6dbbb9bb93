"""The published pages are those that upecho report makes of the files beside them."""

from pathlib import Path
from typing import Any

import pytest

from tests.report.page.published import is_up_to_date, pages
from tests.report.page.samples import results, saved, verdicts

pytest.importorskip("altair", reason="the extra report is not installed")
pytest.importorskip("vl_convert", reason="the extra report is not installed")

pytestmark = pytest.mark.once

REPORTS = Path(__file__).parents[3] / "reports"


@pytest.mark.parametrize("path", pages(REPORTS), ids=lambda path: path.name)
def test_published_page_is_up_to_date(path: Path) -> None:
    assert is_up_to_date(path), f"{path.name} does not show what its files contain; make it again with upecho report"


@pytest.fixture(params=["html", "md"])
def page(request: pytest.FixtureRequest, upecho_here: Any, tmp_path: Path) -> Path:
    path = tmp_path / f"page.{request.param}"
    files = saved(tmp_path, results=results(), verdicts=verdicts())
    assert upecho_here("report", *files, "--output", str(path), "--title", "T --> T") == (0, "", "")
    return path


def test_page_that_was_just_made_is_up_to_date(page: Path) -> None:
    assert pages(page.parent) == [page]
    assert is_up_to_date(page)


@pytest.mark.parametrize(
    ("shown", "other"),
    [("<td>3.00 [", "<td>3.01 ["), ("| 3.00 \\[", "| 3.01 \\["), ("<dd>Linux", "<dd>Lunix"), (": Linux", ": Lunix")],
    ids=["table of HTML", "table of Markdown", "source of HTML", "source of Markdown"],
)
def test_page_with_something_else_is_not(shown: str, other: str, page: Path) -> None:
    text = page.read_text()
    if shown not in text:
        pytest.skip("of the other format")
    page.write_text(text.replace(shown, other, 1))
    assert not is_up_to_date(page)


def test_chart_with_other_data_is_not(page: Path) -> None:
    if page.suffix == ".html":
        pytest.skip("has no charts beside it")
    chart = page.parent / "page-charts" / "cost-chat-dark.svg"
    text = chart.read_text()
    assert "cost: 3.0" in text
    chart.write_text(text.replace("cost: 3.0", "cost: 4.0", 1))
    assert not is_up_to_date(page)


def test_page_with_one_chart_too_many_is_not(page: Path) -> None:
    if page.suffix == ".html":
        pytest.skip("has no charts beside it")
    (page.parent / "page-charts" / "more.svg").write_text("<svg/>")
    assert not is_up_to_date(page)
