"""The text of a page: it shows what the model contains, and fits into the terminal."""

import dataclasses
import io
import re
from collections.abc import Callable

import pytest
from rich.cells import cell_len
from rich.console import Console

from tests.report.page import numbers
from tests.report.page.samples import document as verdicts_of
from tests.report.page.samples import everything, failing, full_page, of_many_servers, passing
from upecho.report.page import columns
from upecho.report.page.building.page import page
from upecho.report.page.columns import ratio_text
from upecho.report.page.inputs.files import Inputs
from upecho.report.page.model.page import Page
from upecho.report.page.text.document import document
from upecho.report.page.texts import SECTIONS

pytestmark = pytest.mark.once

EXPLAINED = {"95", "50", "99", "99.9"}  # intervals have 95 %; rows and columns are called p50, p99 and p99.9


def text_of(made: Page, width: int = 120) -> str:
    out = io.StringIO()
    Console(file=out, width=width, highlight=False, color_system=None).print(document(made, width), crop=False)
    return out.getvalue()


@pytest.mark.parametrize("make", [full_page, everything])
@pytest.mark.parametrize("width", [80, 200])
def test_every_number_is_in_the_model(make: Callable[[], Page], width: int) -> None:
    shown = numbers.written_in(text_of(make(), width).replace("  ", " | "))
    assert len(shown) > 40
    assert shown - numbers.allowed(make()) - EXPLAINED == set()


@pytest.mark.parametrize("make", [full_page, everything, of_many_servers])
@pytest.mark.parametrize("width", [60, 80, 120])
def test_lines_fit_into_the_terminal_and_commands_are_whole(make: Callable[[], Page], width: int) -> None:
    made = make()
    commands = [f"  {source.command}" for source in made.sources if source.command]
    lines = text_of(made, width).splitlines()
    assert [line for line in lines if cell_len(line) > width and line not in commands] == []
    assert [line for line in lines if line in commands] == commands


def test_other_figure_in_the_model_makes_another_text() -> None:
    made = full_page()
    section = made.sections[0]
    first, second, *others = section.tables[0].measured
    other = dataclasses.replace(second, cost=dataclasses.replace(second.cost, ratio=7.77), group=55)
    tables = (dataclasses.replace(section.tables[0], measured=(first, other, *others)), *section.tables[1:])
    changed = dataclasses.replace(made, sections=(dataclasses.replace(section, tables=tables),))
    expected = rf"{second.server.label} +55 +7\.77 \[{second.cost.low:.2f}, {second.cost.high:.2f}\]"
    assert not re.search(expected, text_of(made))
    assert re.search(expected, text_of(changed))


def test_wide_terminal_shows_more_columns_and_a_narrow_one_the_ratios() -> None:
    narrow, wide = text_of(full_page(), 50), text_of(full_page(), 150)
    assert re.search(r"^server +group +cost \[95% interval\]$", narrow, re.MULTILINE)
    assert re.search(r"^server .* p99\.9 µs +trials +requests/s, relative$", wide, re.MULTILINE)


def test_sections_are_in_order_after_what_the_data_prove() -> None:
    made = everything()
    text = text_of(made)
    headings = re.findall("^(.*)\n─+$", text, re.MULTILINE)
    assert headings == list(SECTIONS.values())
    findings = " ".join(text.partition(f"\n{SECTIONS['cost']}\n")[0].split())
    assert all(f"{columns.subject(claim)} {claim.text}" in findings for claim in made.claims)


def test_cautions_follow_the_findings() -> None:
    made = dataclasses.replace(full_page(), cautions=("take care",))
    assert "\n\ntake care\n\nCost and throughput\n" in text_of(made)


def test_server_that_fails_checks_is_marked() -> None:
    made = full_page()
    table = made.sections[0].tables[0]
    failing_one = dataclasses.replace(table.measured[1], failed_checks=("half-close",))
    tables = (dataclasses.replace(table, measured=(table.measured[0], failing_one)),)
    text = text_of(dataclasses.replace(made, sections=(dataclasses.replace(made.sections[0], tables=tables),)))
    assert f"\n{failing_one.server.label} ! " in text
    assert f"\n  ! half-close failed: {failing_one.server.label}\n" in text


def test_failed_checks_are_listed_where_their_loop_diverges() -> None:
    known = [
        dataclasses.replace(one, known="it does", link="https://x.org/a") if one.explanation else one
        for one in failing("asyncio+rloop")
    ]
    text = text_of(page(Inputs({}, {"a.json": verdicts_of([*passing("trio"), *known])})))
    assert "\nWithout a failed check: trio.\n" in text
    assert (
        "rloop (event loop): 1 check failed\n  half-close: asyncio+rloop over inet. Known: it does (https://x.org/a).\n"
        in text
    )


def test_counts_of_each_target_are_shown() -> None:
    text = text_of(full_page())
    assert re.search(r"^asyncio\+rloop  3\.14\.0   2/8 2F 2- 2u  1/4 1F 1- 1u  1/4 1F 1- 1u$", text, re.MULTILINE)


def test_control_characters_are_escaped() -> None:
    made = page(Inputs({}, {"a\x1b[2J.json": verdicts_of(failing("cmd:x \x1b[2J"))}), "T\x1b[2J")
    assert "\x1b" not in text_of(made)


def test_claims_of_others_stand_beside_what_was_measured() -> None:
    text = " ".join(text_of(everything()).split())
    nearest = everything().published[0].claims[0].nearest
    assert nearest
    rate, cpu = (ratio_text(one, has_interval=True) for one in (nearest.rate, nearest.cpu) if one)
    measured = f"requests/s {rate}, CPU time {cpu} ({nearest.summary}); comparable: in part"
    assert "A blog as <stated> about date https://example.org/blog?a=1&b=2 uvloop to asyncio: published" in text
    assert f"uvloop to asyncio: published 2 to 4 (10 clients); measured here: {measured}" in text
    assert "rloop to uvloop: published 2 to 4 (10 clients); not measured" in text


def test_what_changed_is_said_with_both_sides_and_the_command() -> None:
    text = text_of(everything(), 80).partition("\nWhat changed\n")[2].partition("\nCost and throughput\n")[0]
    for line in (
        "12 verdicts compared; worse: 2 new failures; 1 mended",
        "  expected: FIN",
        "  upecho check x --check half-close",
        "  asyncio over inet: half-close",
        "upecho: BASE 0.9, NEW 1",
        "not compared (only in BASE): gone over inet in chat, gone over unix in chat",
    ):
        assert f"\n{line}\n" in text
    changed = r"^trio +1\.250 \[1\.239, 1\.261\]  costs more"
    assert re.search(rf"{changed} +48\.2$", text, re.MULTILINE)
    assert re.search(rf"{changed} +48\.2 +60\.2$", text_of(everything()), re.MULTILINE)


def test_costs_on_each_python_stand_side_by_side() -> None:
    text = text_of(everything()).partition("\nAcross Pythons\n")[2]
    heads = r"server on CPython +3 +3\.13\.0 +3\.14\.0  3\.14\.0 free-threaded"
    assert re.search(rf"^{heads}\nnative .*\nasyncio +- +4\.02 \[.*\] +3\.01 \[.*\] +3\.31 \[.*\]$", text, re.MULTILINE)


@pytest.mark.parametrize(("width", "tables"), [(60, 4), (80, 2), (120, 1)])
def test_narrow_terminal_shows_pythons_in_several_tables(width: int, tables: int) -> None:
    text = text_of(everything(), width).partition("\nAcross Pythons\n")[2].partition("\nLatency over load\n")[0]
    assert len(re.findall("^server on CPython .*$", text, re.MULTILINE)) == tables
    assert "3.14.0 free-threaded" in text
