"""The section about what changed: right after the findings, with both sides of each figure, and readable by filters."""

import html as markup
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.report.page import numbers
from tests.report.page.samples import earlier_results, earlier_verdicts, everything, full_page, results, saved, verdicts

html = pytest.importorskip("upecho.report.page.html.document", reason="the extra report is not installed")

pytestmark = pytest.mark.once


def section(document: str) -> str:
    """Return the HTML of the section."""
    found = re.search(r'<section id="changes".*?</section>', document, re.DOTALL)
    assert found
    return found[0]


def text_of(part: str) -> str:
    """Return what a reader sees, with a bar between elements."""
    return " ".join(markup.unescape(re.sub(r"(?:<[^>]*>)+", " | ", part)).split())


@pytest.fixture(scope="module")
def shown() -> str:
    return section(html.document(everything(), library=""))


def test_page_without_earlier_runs_has_no_such_section() -> None:
    assert 'id="changes"' not in html.document(full_page(), library="")


def test_section_follows_the_findings() -> None:
    text = html.document(everything(), library="")
    assert re.findall(r'<section id="(\w+)"', text)[:3] == ["findings", "changes", "cost"]
    assert '<a href="#changes">What changed</a>' in text


def test_costs_of_both_runs_stand_side_by_side(shown: str) -> None:
    (row,) = set(
        re.findall(r"trio \| 48\.\d \| 60\.\d \| 1\.\d{3} \[1\.\d{3}, 1\.\d{3}\] \| costs more", text_of(shown))
    )
    assert row
    assert '<span class="bad">costs more</span>' in shown
    assert '<span class="good">costs less</span>' in shown


def test_rows_carry_what_filters_select_by(shown: str) -> None:
    assert '<tr data-of="uvloop||CPython 3||asyncio">' in shown
    assert '<div class="family" data-family="unix">' in shown


def test_new_failure_shows_requirement_expected_seen_and_command(shown: str) -> None:
    article = re.search(r'<article class="reason">.*?</article>', shown, re.DOTALL)
    assert article
    text = text_of(article[0])
    assert (
        "| half-close: asyncio+rloop over inet, unix | requirement | The server closes. | source | RFC 9293 |" in text
    )
    assert "| expected | FIN | seen | still open |" in text
    assert "| repeat | upecho check x --check half-close |" in text


def test_requirements_of_both_runs_stand_side_by_side(shown: str) -> None:
    assert "| half-close | The server <may> close. | The server closes. |" in text_of(shown)


def test_what_differs_between_the_runs_stands_out(shown: str) -> None:
    assert '<tr class="differs"><th scope="row">started</th><td>2025-01-01</td><td>2026-01-01</td></tr>' in shown
    assert '<tr><th scope="row">cores</th>' in shown


def test_numbers_are_in_the_model(shown: str) -> None:
    explained = {"95"}  # intervals have 95 %
    assert numbers.shown(shown) - numbers.allowed(everything()) - explained == set()


def test_command_makes_the_section(upecho_here: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    new = saved(tmp_path, results=results(), verdicts=verdicts())
    old = saved(tmp_path, results_1=earlier_results(), verdicts_1=earlier_verdicts())
    options = ["--base", old[0], "--base", old[1], "--output", str(tmp_path / "page.html")]
    assert upecho_here("report", *new, *options) == (0, "", "")
    text = text_of(section((tmp_path / "page.html").read_text()))
    assert "Verdicts: | NEW verdicts.json, BASE verdicts-1.json | 12 verdicts compared; worse: 2 new failures" in text
    assert "Costs: | NEW results.json, BASE results-1.json | 8 costs compared (costs more: 2, costs less: 2" in text
