"""The HTML of a page: it shows what the model contains, needs nothing else, and reads without scripts."""

import json
import re
import time
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.made_up import MACHINE, run
from tests.report.page import numbers
from tests.report.page.published import data_of
from tests.report.page.samples import document, everything, full_page, page_of, passing, results, saved, verdicts
from upecho.report.page.building.page import page
from upecho.report.page.inputs.files import Inputs
from upecho.report.page.model.page import Page
from upecho.report.page.texts import SECTIONS

html = pytest.importorskip("upecho.report.page.html.document", reason="the extra report is not installed")
vl_convert = pytest.importorskip("vl_convert", reason="the extra report is not installed")

pytestmark = pytest.mark.once

MAX_BYTES = 1_500_000
VOID = {"meta", "input", "br"}
EXPLAINED = {"1.0", "95", "99", "99.9"}  # the baseline is at 1.0, intervals have 95 %, columns are called p99 and p99.9


def rendered() -> str:
    return str(html.document(full_page(), library="LIBRARY"))


class Reader(HTMLParser):
    """Reads a document and notes ids, links, and elements that are not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.sources: list[str] = []
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.rows: list[dict[str, str | None]] = []
        self.regions: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids += [value for key, value in attrs if key == "id" and value]
        self.links += [value for key, value in attrs if key == "href" and value]
        self.sources += [value for key, value in attrs if key == "src" and value]
        if given.get("role") == "region":
            self.regions.append(given["aria-label"] or "")
        if tag == "tr":
            self.rows.append(given)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def test_document_is_well_formed() -> None:
    reader = Reader(rendered())
    assert (reader.open, reader.wrong) == ([], [])
    assert len(reader.ids) == len(set(reader.ids))


def test_every_link_leads_to_a_place_on_the_page() -> None:
    reader = Reader(rendered())
    assert len(reader.links) > 10
    assert {link.removeprefix("#") for link in reader.links} <= set(reader.ids)
    assert all(link.startswith("#") for link in reader.links)


def test_scenarios_of_several_runs_are_listed_with_links() -> None:
    text = html.document(page_of(results(), results()), library="")
    contents = re.search(r'<nav aria-label="Scenarios" class="contents">.*?</nav>', text)
    assert contents
    for name in ("run-1", "run-2"):
        assert f'<li>{name}: <a href="#scenario-{name}-chat">chat</a></li>' in contents[0]
        assert f'<article id="scenario-{name}-chat">' in text
    assert 'class="contents"' not in html.document(page_of(results()), library="")


def test_regions_and_sections_have_names_of_their_own() -> None:
    names = [*Reader(html.document(everything(), library="")).regions, *SECTIONS.values()]
    assert len(names) > len(SECTIONS) + 10
    assert [name for name in names if names.count(name) > 1 or not name] == []


def test_every_column_has_a_heading() -> None:
    heads = re.findall(r'<th scope="col"[^>]*>(.*?)</th>', html.document(everything(), library=""), re.DOTALL)
    assert len(heads) > 30
    assert "" not in heads


def test_page_needs_nothing_from_elsewhere() -> None:
    text = rendered()
    assert Reader(text).sources == []
    assert not re.search(r"@import|url\(|<link|<iframe|<img", text)


@pytest.mark.parametrize("make", [full_page, everything])
def test_every_number_of_the_page_is_in_the_model(make: Callable[[], Page]) -> None:
    text = html.document(make(), library="")
    assert numbers.shown(text) - numbers.allowed(make()) - EXPLAINED == set()


@pytest.mark.parametrize("make", [full_page, everything])
def test_every_number_of_the_charts_is_in_the_model(make: Callable[[], Page]) -> None:
    found = make()
    known = numbers.known(found)
    drawn = list(numbers.drawn(found))
    assert len(drawn) > 100
    assert [(name, value) for name, value in drawn if value not in known] == []


def test_figures_of_each_server_are_in_a_table() -> None:
    text = rendered()
    for section in full_page().sections:
        for table in section.tables:
            assert f"<caption>chat over {table.family}, relative to native; A/A " in text
            for one in table.measured:
                if not one.is_reference:
                    assert f"<td>{one.cost.ratio:.2f} [{one.cost.low:.2f}, {one.cost.high:.2f}]</td>" in text


def test_interval_that_must_not_be_shown_is_a_question_mark() -> None:
    few = page_of(run({"native": [1.0, 1.1], "asyncio": [3.0, 3.1]}, families=("inet",)))
    text = html.document(few, library="")
    assert "<td>2.91 ?</td>" in text
    (native, asyncio) = data_of(text)["rows"]["servers"]
    assert "cost_low" not in native.keys() | asyncio.keys()


def test_text_of_others_is_escaped() -> None:
    text = rendered()
    assert "answers &lt;each&gt; client" in text
    assert "<each>" not in text


def test_target_that_is_markup_stays_text() -> None:
    target = "cmd:x </script><script>alert(1)</script> {port}"
    text = html.document(page(Inputs({}, {"a.json": document(passing(target))})), library="")
    assert "&lt;script&gt;alert(1)" in text
    assert "<script>alert" not in text
    assert data_of(text)["columns"][0][0]["target"] == target


def test_failed_cell_links_to_requirement_expectation_wire_and_command() -> None:
    text = rendered()
    reason = re.search(r'href="#(reason-\d+)" class="failed">FF</a>', text)
    assert reason
    article = re.search(rf'<article class="reason" id="{reason[1]}".*?</article>', text, re.DOTALL)
    assert article
    for part in ("half-close: asyncio+rloop over inet, unix", "failed; expected FIN; seen still open"):
        assert part in article[0]
    evidence = data_of(text)["evidence"][int(reason[1].removeprefix("reason-"))]
    assert (evidence["expected"], evidence["seen"]) == ("FIN", "still open")
    assert "client 1: connected" in evidence["wire"]
    assert "7 more events" in evidence["wire"]
    assert evidence["repeat"] == "upecho check x --check half-close"
    assert '<tr id="check-half-close">' in text


def test_rows_carry_what_filters_select_by() -> None:
    found = {row["data-of"] for row in Reader(rendered()).rows if "data-of" in row}
    assert found >= {f"||{MACHINE.python}||native", f"uvloop||{MACHINE.python}||asyncio", "|trio|CPython 3.14.0||trio"}


@pytest.mark.parametrize(
    ("inputs", "absent"),
    [
        (Inputs({"a.json": results()}, {}), ("conformance", "divergence", "memory", "load", "sizes")),
        (Inputs({}, {"a.json": verdicts()}), ("cost", "families", "load", "sizes")),
    ],
    ids=["results only", "verdicts only"],
)
def test_section_without_data_is_left_out(inputs: Inputs, absent: tuple[str, ...]) -> None:
    ids = Reader(html.document(page(inputs), library="")).ids
    assert "method" in ids
    assert set(absent).isdisjoint(ids)


def test_charts_are_drawn_by_vega_lite() -> None:
    data = data_of(html.document(everything(), library=""))
    for name, chart in data["charts"].items():
        rows = data["rows"][chart["data"]]
        text = json.dumps(chart["spec"])
        for mark in ("@servers", "@facets", "@pythons"):
            text = text.replace(json.dumps([mark]), json.dumps(sorted({str(row[chart["facet"]]) for row in rows})))
        assert "@" not in text, name
        svg = vl_convert.vegalite_to_svg(json.loads(text) | {"datasets": {chart["data"]: rows}})
        assert svg.count("aria-roledescription") > 3, name


def test_page_is_small_and_quick_to_make(upecho_here: Any, tmp_path: Path) -> None:
    output = tmp_path / "page.html"
    files = saved(tmp_path, results=results(), verdicts=verdicts())
    started = time.process_time()
    assert upecho_here("report", *files, "--output", str(output), "--title", "A <title>") == (0, "", "")
    assert time.process_time() - started < 10
    text = output.read_text()
    assert len(text.encode()) < MAX_BYTES
    assert "<title>A &lt;title&gt;</title>" in text


def test_same_files_make_the_same_page() -> None:
    assert rendered() == rendered()
