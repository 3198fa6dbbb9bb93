"""The Markdown of a page: it shows what the model contains, as GitHub would, with charts that exist."""

import dataclasses
import functools
import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from markdown_it import MarkdownIt

from tests.report.page import numbers
from tests.report.page.samples import document as verdicts_of
from tests.report.page.samples import everything, failing, full_page, of_many_servers, passing, results
from upecho.report.markdown import escaped
from upecho.report.page.building.page import page
from upecho.report.page.columns import ratio_text
from upecho.report.page.inputs.files import Inputs
from upecho.report.page.model.page import Claim, Page
from upecho.report.page.rendered import Rendered
from upecho.report.page.texts import SECTIONS

markdown = pytest.importorskip("upecho.report.page.markdown.document", reason="the extra report is not installed")

pytestmark = pytest.mark.once

GFM = MarkdownIt("commonmark").enable("table")
EXPLAINED = {
    "1.0",
    "95",
    "99",
    "99.9",
}  # the reference is at 1.0, intervals have 95 %, columns are called p99 and p99.9
TARGETS = re.compile(r'(?:href|src|srcset)="([^"]*)"')


def rendered(made: Page | None = None) -> Rendered:
    done: Rendered = markdown.document(made or full_page(), "page-charts")
    return done


@functools.cache
def rendered_everything() -> Rendered:
    return rendered(everything())


def as_html(text: str) -> str:
    return str(GFM.render(text))


@pytest.mark.parametrize("make", [full_page, everything])
def test_every_number_is_in_the_model(make: Callable[[], Page]) -> None:
    text = rendered(make()).text.partition("-->")[2]
    shown = numbers.shown(as_html(text))
    assert len(shown) > 40
    assert shown - numbers.allowed(make()) - EXPLAINED == set()


def changed(part: Any, old: Any, new: Any) -> Any:
    """Return a model with another value in place of one that it contains."""
    if part == old and type(part) is type(old):
        return new
    if dataclasses.is_dataclass(part) and not isinstance(part, type):
        fields = {one.name: changed(getattr(part, one.name), old, new) for one in dataclasses.fields(part)}
        return dataclasses.replace(part, **fields)
    if isinstance(part, tuple):
        return tuple(changed(one, old, new) for one in part)
    return part


def test_other_figures_in_the_model_make_another_page() -> None:
    made = full_page()
    first = made.sections[0].tables[0]
    one = first.measured[1]
    other = dataclasses.replace(one, cost=dataclasses.replace(one.cost, ratio=7.77), group=55)
    before, after = rendered(made), rendered(changed(made, one, other))
    row = f"| 55 | {one.server.label} | 7.77 \\[{one.cost.low:.2f}, {one.cost.high:.2f}\\] |"
    assert row not in before.text
    assert row in after.text
    assert "cost: 7.77;" in after.charts["cost-chat-light.svg"]


def test_figures_of_each_server_are_in_a_table() -> None:
    text = rendered().text
    for section in full_page().sections:
        for table in section.tables:
            assert f"**over {table.family}, relative to native; A/A " in text
            for one in table.measured:
                if not one.is_reference:
                    interval = f"{one.cost.ratio:.2f} \\[{one.cost.low:.2f}, {one.cost.high:.2f}\\]"
                    assert f"| {one.group} | {one.server.label} | {interval} |" in text


def test_sections_are_in_order_and_begin_with_what_the_data_prove() -> None:
    made = everything()
    headings = re.findall("^## (.*)$", rendered_everything().text, re.MULTILINE)
    assert headings == list(SECTIONS.values())
    first = rendered_everything().text.partition("## Cost")[0]
    assert all(html.escape(claim.subject, quote=False) in as_html(first) for claim in made.claims)


def test_every_link_leads_to_a_place_on_the_page_and_every_picture_exists() -> None:
    done = rendered_everything()
    text = as_html(done.text)
    targets = set(TARGETS.findall(text))
    places = {target.removeprefix("#") for target in targets if target.startswith("#")}
    assert len(places) > 5
    assert places <= set(re.findall('<a id="([^"]*)">', text))
    pictures = {f"page-charts/{name}" for name in done.charts}
    assert {target for target in targets if not target.startswith(("#", "https:"))} == pictures


def test_each_chart_exists_for_light_and_for_dark_pages() -> None:
    charts = rendered_everything().charts
    assert len(charts) > 10
    for name, svg in charts.items():
        background = "#0d1117" if name.endswith("-dark.svg") else "#ffffff"
        assert name.endswith(("-dark.svg", "-light.svg"))
        assert f'fill="{background}"' in svg
        assert svg.count("aria-roledescription") > 3


def test_path_of_a_chart_is_a_url() -> None:
    text = markdown.document(full_page(), 'a "b", c-charts').text
    assert 'srcset="a%20%22b%22%2C%20c-charts/cost-chat-dark.svg"' in text


def test_same_files_make_the_same_page_and_charts() -> None:
    assert rendered(everything()) == rendered_everything()


def test_chart_of_many_servers_shows_those_of_one_python_and_says_so() -> None:
    done = rendered(of_many_servers())
    assert "Only servers on CPython 3.13.0, to keep the chart small." in done.text
    assert "module:s24 3.13.0" in done.charts["cost-chat-light.svg"]
    assert "module:s24 3.14.0" not in done.charts["cost-chat-light.svg"]
    assert "module:s24 3.14.0" in done.text


def test_text_of_others_is_escaped() -> None:
    target = "cmd:x </script><script>alert(1)</script> | `{port}`"
    inputs = Inputs({}, {"a-->b.json": verdicts_of([*passing(target), *failing("asyncio+rloop")])})
    text = rendered(page(inputs, "A <title>")).text
    shown = as_html(text)
    assert "<script>" not in shown
    assert html.escape(target, quote=False) in shown
    assert "<h1>A &lt;title&gt;</h1>" in shown
    assert text.partition("\n")[0].endswith('"} -->')
    assert text.partition("\n")[0].count("-->") == 1


def test_failed_checks_are_listed_where_their_loop_diverges() -> None:
    text = rendered().text.partition("## Where each loop diverges")[2]
    assert "<summary>rloop (event loop): 1 check failed</summary>" in text
    assert "| `half-close` | asyncio+rloop over inet, unix |  |" in text
    assert "- not checked: twisted+x: no module x" in text


def test_reason_of_a_known_failure_is_given() -> None:
    known = [dataclasses.replace(one, known="it does") if one.explanation else one for one in failing("asyncio+rloop")]
    text = rendered(page(Inputs({}, {"a.json": verdicts_of(known)}))).text
    assert "| `half-close` | asyncio+rloop over inet | it does |" in text


@pytest.mark.parametrize(
    ("address", "shown"),
    [("https://x.org/a|b", "[it does](<https://x.org/a\\|b>)"), ("javascript:alert(1)", "it does")],
)
def test_known_failure_links_to_more_about_it(address: str, shown: str) -> None:
    known = [
        dataclasses.replace(one, known="it does", link=address) if one.explanation else one
        for one in failing("asyncio+rloop")
    ]
    text = rendered(page(Inputs({}, {"a.json": verdicts_of(known)}))).text
    assert f"| `half-close` | asyncio+rloop over inet | {shown} |" in text


def test_counts_of_each_target_are_shown() -> None:
    text = rendered().text.partition("## Conformance")[2]
    assert "| `asyncio+rloop` | CPython 3.14.0 | 1/4 1F 1- 1u | 1/4 1F 1- 1u |" in text
    assert "| `trio` | CPython 3.14.0 | 4/4 |  |" in text


def test_cautions_follow_the_findings() -> None:
    made = dataclasses.replace(full_page(), claims=(Claim("a_b", "c", "cost"),), cautions=("take [care]",))
    text = rendered(made).text
    assert "- **[a_b](<#cost>)**: c\n\n**Cautions**\n\n- take \\[care\\]\n" in text


def test_section_without_data_is_left_out() -> None:
    text = rendered(page(Inputs({"a.json": results()}, {}))).text
    assert re.findall("^## (.*)$", text, re.MULTILINE) == [
        SECTIONS[name] for name in ("findings", "cost", "families", "method")
    ]


def test_claims_of_others_stand_beside_what_was_measured() -> None:
    text = rendered_everything().text.partition("## What authors claim")[2]
    nearest = everything().published[0].claims[0].nearest
    assert nearest
    rate, cpu = (escaped(ratio_text(one, has_interval=True)) for one in (nearest.rate, nearest.cpu) if one)
    beginning = "| uvloop to asyncio | [A blog](<#published-1>) | 2 to 4 | 10 clients"
    assert f"{beginning} | {rate} | {cpu} | {escaped(nearest.summary)} | in part |" in text
    assert (
        "| uvloop to asyncio under HTTP | [A blog](<#published-1>) | 2 to 4 | 10 clients | not comparable | - | - |"
        in text
    )
    assert "(<https://example.org/blog?a=1&amp;b=2>), as \\<stated\\> about date" in text
    assert "- published: 2 to 4 (400 and 100)" in text


def test_what_changed_is_said_with_both_sides_and_the_command() -> None:
    text = rendered_everything().text.partition("\n## What changed\n")[2].partition("\n## Cost")[0]
    for part in (
        "**12 verdicts compared; worse: 2 new failures; 1 mended**",
        "- expected: `FIN`",
        "```sh\nupecho check x --check half-close\n```",
        "**mended**\n\n- asyncio over inet: half-close\n",
        "| trio | 48.2 | 60.2 | 1.250 \\[1.239, 1.261\\] | costs more |",
        "| upecho | 0.9 | 1 |",
        "- not compared (only in BASE): gone over inet in chat, gone over unix in chat",
        "| half-close | The server \\<may\\> close. | The server closes. |",
    ):
        assert part in text


def test_costs_on_each_python_stand_side_by_side() -> None:
    text = rendered_everything().text.partition("## Across Pythons")[2]
    assert "| server | CPython 3 | CPython 3.13.0 | CPython 3.14.0 | CPython 3.14.0 free-threaded |" in text
    assert re.search(r"^\| asyncio \| - \| 4\.02 .* \| 3\.01 .* \| 3\.31 .* \|$", text, re.MULTILINE)


def test_page_links_to_its_files() -> None:
    made = full_page()
    linked = dataclasses.replace(made, sources=(dataclasses.replace(made.sources[0], link="data/a%20b.json"),))
    assert "### [results.json](<data/a%20b.json>): results of upecho bench" in rendered(linked).text
