"""Pages in a real browser: scripts run without errors, charts are drawn, filters work, and nobody is locked out.

They need Chromium on the PATH, and the packages of the dependency group ``browser``; ``tox -e browser`` runs them.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.report.page.samples import document, everything, of_many_servers, on_pythons, passing
from upecho.report.page import rendering
from upecho.report.page.building import page as building
from upecho.report.page.inputs.files import Inputs

pytest.importorskip("vl_convert", reason="the extra report is not installed")
sync_api = pytest.importorskip("playwright.sync_api", reason="the dependency group browser is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="so is this")

CHROMIUM = shutil.which("chromium")

pytestmark = [
    pytest.mark.once,
    pytest.mark.unmeasured,
    pytest.mark.skipif(not CHROMIUM, reason="chromium is not on the PATH"),
]

CHAT = "[id='scenario-field-chat']"
DESKTOP, PHONE = (1280, 900), (390, 844)
Open = Callable[..., Any]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(rendering.html(everything()).text)
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def opened(browser: Any, file: Path) -> Iterator[Open]:
    """Open the page with a part of its address, a size of the window and a theme; its errors fail the test."""
    errors: list[str] = []
    contexts: list[Any] = []

    def opened(place: str = "", *, size: tuple[int, int] = DESKTOP, theme: str = "light", scripts: bool = True) -> Any:
        viewport = {"width": size[0], "height": size[1]}
        context = browser.new_context(viewport=viewport, color_scheme=theme, java_script_enabled=scripts, offline=True)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda line: errors.append(line.text) if line.type in ("error", "warning") else None)
        page.on(
            "request", lambda one: None if one.url.startswith(("file:", "blob:", "data:")) else errors.append(one.url)
        )
        page.goto(f"file://{file}{place}")
        if scripts:
            page.wait_for_function("typeof vegaEmbed === 'function'")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert errors == []


def draw_all(page: Any) -> list[str]:
    """Scroll to each chart, wait until it is drawn, and return what they show."""
    figures = page.locator("figure.chart")
    names = []
    for number in range(figures.count()):
        figure = figures.nth(number)
        figure.scroll_into_view_if_needed()
        figure.locator("svg .mark-symbol path").first.wait_for(timeout=20_000)
        names.append(figure.get_attribute("data-chart"))
    return names


def shown_rows(page: Any) -> set[str]:
    return set(page.locator(f"{CHAT} tbody tr:visible th").all_inner_texts())


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_every_chart_is_drawn(size: tuple[int, int], theme: str, opened: Open) -> None:
    page = opened(size=size, theme=theme)
    page.locator("#clear").click()
    assert set(draw_all(page)) == {"cost", "speed", "percentiles", "pythons", "load", "sizes", "memory"}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_page_is_accessible(size: tuple[int, int], theme: str, opened: Open) -> None:
    page = opened(size=size, theme=theme)
    draw_all(page)
    page.evaluate("document.querySelectorAll('main details').forEach(one => { one.open = true; })")
    found = axe.Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_page_does_not_scroll_sideways_on_a_phone(opened: Open) -> None:
    page = opened(size=PHONE)
    draw_all(page)
    assert page.evaluate("document.scrollingElement.scrollWidth") <= PHONE[0]


def test_theme_is_that_of_the_reader_and_changes_with_it(opened: Open) -> None:
    page = opened(theme="light")
    page.locator("figure.chart").first.scroll_into_view_if_needed()

    def colors() -> tuple[str, str]:
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        label = page.locator("figure.chart svg .role-axis-label text").first
        label.wait_for()
        return ground, label.get_attribute("fill")

    light = colors()
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(500)
    assert all(one != other for one, other in zip(light, colors(), strict=True))


def test_filter_selects_rows_and_stays_in_the_address(opened: Open) -> None:
    page = opened()
    page.locator("#clear").click()
    page.locator("#filters summary", has_text="Event loop").click()
    page.locator("#filters input[value=uvloop]").check()
    assert shown_rows(page) == {"asyncio+uvloop"}
    assert page.evaluate("location.hash") == "#loop=uvloop"
    page.reload()
    page.wait_for_function("typeof vegaEmbed === 'function'")
    assert shown_rows(page) == {"asyncio+uvloop"}
    assert page.locator("#filters input[value=uvloop]").is_checked()


def test_view_can_be_linked(opened: Open) -> None:
    page = opened("#model=asyncio,trio&family=unix&at=scenario-field-chat")
    assert shown_rows(page) == {"asyncio", "asyncio+uvloop", "trio"}
    assert page.locator(f"{CHAT} div.family:visible").count() == 1
    figure = page.locator(f"{CHAT} figure[data-chart=cost]")
    figure.locator("svg").wait_for()
    assert figure.get_attribute("data-drawn") == "3"
    page.wait_for_function("scrollY > 100")


def test_links_keep_the_filters(opened: Open) -> None:
    page = opened("#loop=uvloop")
    page.locator("nav a", has_text="Conformance").click()
    assert page.evaluate("location.hash") == "#loop=uvloop&at=conformance"
    assert shown_rows(page) == {"asyncio+uvloop"}


def test_filter_hides_columns_of_the_matrix(opened: Open) -> None:
    page = opened("#loop=rloop")
    heads = page.locator("table.matrix thead th[data-column]:visible").all_inner_texts()
    assert [head.split()[0] for head in heads] == ["asyncio+rloop"]
    page.locator("#clear").click()
    assert page.locator("table.matrix thead th[data-column]:visible").count() == 3


def test_failed_cell_opens_its_reason_with_the_keyboard(opened: Open) -> None:
    page = opened()
    page.locator("table.matrix tbody td a").first.focus()
    page.keyboard.press("Enter")
    dialog = page.locator("dialog")
    text = dialog.inner_text()
    for part in (
        "The server closes.",
        "RFC 9293",
        "FIN",
        "client 1: still <open>",
        "… 7 more events",
        "upecho check x",
    ):
        assert part in text
    page.keyboard.press("Escape")
    assert not dialog.is_visible()
    assert page.evaluate("document.activeElement.textContent") == "FF"


def test_reasons_have_their_evidence_once_they_are_opened(opened: Open) -> None:
    page = opened()
    page.locator("#reasons > summary").click()
    reason = page.locator("article.reason", has_text="half-close: asyncio+rloop").last
    reason.locator("pre", has_text="client 1: connected").wait_for()
    assert reason.locator("code").inner_text() == "upecho check x --check half-close"
    assert reason.locator("dt", has_text="expected").count() == 1


def test_filter_selects_published_claims_by_the_server_that_they_are_about(opened: Open) -> None:
    page = opened("#loop=asyncio")
    rows = page.locator("#published > div tbody tr:visible th")
    assert rows.all_inner_texts() == ["rloop to uvloop", "uvloop to asyncio under HTTP"]  # which were not measured
    page.locator("#clear").click()
    assert rows.count() == 3


def test_claim_leads_to_the_conditions_of_its_source(opened: Open) -> None:
    page = opened()
    page.locator("#published td a").first.click()
    assert page.locator("#published-1").get_attribute("open") is not None
    assert page.locator("#published-1 dd", has_text="as <stated> about client").is_visible()
    assert page.locator("#published-1 p a").get_attribute("href") == "https://example.org/blog?a=1&b=2"


def test_free_threaded_build_is_one_value_of_the_filter_in_results_and_verdicts(opened: Open, tmp_path: Path) -> None:
    path = tmp_path / "builds.html"
    verdict = document(passing("asyncio"), python="CPython 3.14.0 free-threaded")
    path.write_text(rendering.html(building.page(Inputs({"a.json": on_pythons()}, {"b.json": verdict}))).text)
    page = opened()
    page.goto(f"file://{path}")
    page.locator("#filters summary", has_text="Python").click()
    page.locator("#filters label", has_text="free-threaded").locator("input").check()
    assert page.locator("#cost tbody tr:visible th").all_inner_texts() == ["asyncio 3.14.0 free-threaded"]
    assert page.locator("table.matrix thead th[data-column]:visible").count() == 1


def test_line_across_pythons_does_not_depend_on_the_filter_of_pythons(opened: Open) -> None:
    page = opened("#python=CPython%203.13.0&at=pythons")
    figure = page.locator("figure[data-chart=pythons]")
    figure.locator("svg .mark-symbol path").first.wait_for()
    assert figure.get_attribute("data-drawn") == "4"
    assert figure.locator("svg .mark-line path").count() >= 1


def test_arrow_keys_lead_to_the_other_marks(opened: Open) -> None:
    page = opened()
    page.locator("table.matrix tbody td a").first.focus()
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.textContent") == "--"
    assert page.locator("table.matrix tbody td a[tabindex='0']").count() == 1


def test_passed_cell_opens_requirement_and_command(opened: Open) -> None:
    page = opened()
    page.locator("table.matrix tbody tr", has_text="echo-hello").locator("td").nth(1).click()
    text = page.locator("dialog").inner_text()
    assert "The server answers <each> client." in text
    assert "upecho check asyncio --check echo-hello" in text


def test_page_of_many_servers_starts_with_one_python_until_filters_are_cleared(opened: Open, tmp_path: Path) -> None:
    path = tmp_path / "many.html"
    path.write_text(rendering.html(of_many_servers()).text)
    page = opened()
    page.goto(f"file://{path}")
    rows = page.locator("#cost article div.family tbody tr:visible")
    assert rows.count() == 25
    page.locator("#clear").click()
    assert rows.count() == 50
    page.reload()
    assert rows.count() == 50


def test_tables_are_there_without_scripts(opened: Open) -> None:
    page = opened(scripts=False)
    assert shown_rows(page) >= {"native", "asyncio", "trio"}
    assert not page.locator("#filters").is_visible()
    assert page.locator("figure.chart:visible").count() == 0
    page.locator("table.matrix tbody td a").first.click()
    assert page.locator("article.reason").first.is_visible()
