"""The published pages are those that upecho report makes of the files beside them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.report.page.published import is_up_to_date, pages
from tests.report.page.samples import results, saved, verdicts

pytest.importorskip("altair", reason="the extra report is not installed")
pytest.importorskip("vl_convert", reason="the extra report is not installed")

pytestmark = pytest.mark.once

REPORTS = Path(__file__).parents[3] / "reports"


@pytest.mark.long
@pytest.mark.unmeasured
@pytest.mark.parametrize("path", pages(REPORTS), ids=lambda path: path.name)
def test_published_page_is_up_to_date(path: Path) -> None:
    assert is_up_to_date(path), f"{path.name} does not show what its files contain; make it again with upecho report"


@pytest.fixture
def make(upecho_here: Any, tmp_path: Path) -> Callable[[str], Path]:
    """Make a page in the format of its suffix."""

    def make(suffix: str) -> Path:
        path = tmp_path / f"page{suffix}"
        files = saved(tmp_path, results=results(), verdicts=verdicts())
        assert upecho_here("report", *files, "--output", str(path), "--title", "T --> T") == (0, "", "")
        return path

    return make


@pytest.mark.parametrize("suffix", [".html", ".md"])
def test_page_that_was_just_made_is_up_to_date(suffix: str, make: Callable[[str], Path]) -> None:
    page = make(suffix)
    assert pages(page.parent) == [page]
    assert is_up_to_date(page)


@pytest.mark.parametrize(
    ("suffix", "shown", "other"),
    [
        (".html", "<td>3.00 [", "<td>3.01 ["),
        (".html", "still open", "closed"),
        (".md", "| 3.00 \\[", "| 3.01 \\["),
        (".md", "system: Linux", "system: Lunix"),
    ],
    ids=str,
)
def test_page_with_something_else_is_not(suffix: str, shown: str, other: str, make: Callable[[str], Path]) -> None:
    page = make(suffix)
    text = page.read_text()
    assert shown in text
    page.write_text(text.replace(shown, other, 1))
    assert not is_up_to_date(page)


def test_markdown_whose_chart_shows_other_data_is_not(make: Callable[[str], Path]) -> None:
    page = make(".md")
    chart = page.parent / "page-charts" / "cost-chat-dark.svg"
    text = chart.read_text()
    assert "cost: 3.0" in text
    chart.write_text(text.replace("cost: 3.0", "cost: 4.0", 1))
    assert not is_up_to_date(page)


@pytest.mark.parametrize("change", [lambda chart: chart.unlink(), lambda chart: chart.with_name("b.svg").touch()])
def test_markdown_with_another_set_of_charts_is_not(
    change: Callable[[Path], None], make: Callable[[str], Path]
) -> None:
    page = make(".md")
    change(page.parent / "page-charts" / "cost-chat-dark.svg")
    assert not is_up_to_date(page)


def test_markdown_that_people_have_written_is_no_page(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# Title\n")
    assert pages(tmp_path) == []
