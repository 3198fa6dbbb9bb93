"""Published claims in HTML: a row for each, and below it the conditions of both sides."""

import re

import pytest

from tests.report.page.samples import everything, publication, results
from upecho.report.page.building.page import page
from upecho.report.page.columns import ratio_text
from upecho.report.page.inputs.files import Inputs
from upecho.report.page.model.page import Page

html = pytest.importorskip("upecho.report.page.html.document", reason="the extra report is not installed")

pytestmark = pytest.mark.once


def made() -> Page:
    return page(Inputs({"results.json": results()}, {}, {"claims.toml": (publication(),)}))


def section() -> str:
    found = re.search(r'<section id="published".*?</section>', html.document(made(), library=""), re.DOTALL)
    assert found
    return found[0]


def row_about(claim: str) -> str:
    found = re.search(rf'<tr[^>]*><th scope="row">{claim}</th>.*?</tr>', section())
    assert found
    return found[0]


def test_claim_stands_beside_what_was_measured() -> None:
    nearest = made().published[0].claims[0].nearest
    assert nearest
    row = row_about("uvloop to asyncio")
    assert "<td>2 to 4</td><td>10 clients</td>" in row
    assert f"<td>{ratio_text(nearest.rate, has_interval=True)}</td>" in row
    assert f"<td>{nearest.summary}</td><td>in part</td>" in row


def test_claim_that_was_not_measured_says_so() -> None:
    assert "<td>not measured</td><td>-</td>" in row_about("rloop to uvloop")
    assert "<td>not comparable</td><td>-</td>" in row_about("uvloop to asyncio under HTTP")
    assert "<dd>no: The client differs.</dd>" in section()


def test_source_is_linked_with_its_conditions() -> None:
    shown = section()
    assert '<a href="#published-1">A blog</a>' in row_about("uvloop to asyncio")
    assert '<a href="https://example.org/blog?a=1&amp;b=2" rel="noreferrer">' in shown
    for name in ("protocol", "client", "connections", "messages", "limit", "versions", "machine", "method"):
        assert f"<dt>{name}</dt><dd>as &lt;stated&gt; about {name}</dd>" in shown


def test_row_is_selected_by_the_server_that_the_claim_is_about() -> None:
    assert row_about("uvloop to asyncio").startswith('<tr data-of="uvloop||CPython 3|inet|asyncio">')
    assert row_about("rloop to uvloop").startswith("<tr>")


def test_section_is_left_out_without_claims() -> None:
    text = html.document(page(Inputs({"results.json": results()}, {})), library="")
    assert 'id="published"' not in text
    assert 'id="published"' in html.document(everything(), library="")
