"""Paragraphs and tables keep names whole as long as there is room."""

import pytest

from upecho.report.page.text.lines import grid, paragraph, without_kind

pytestmark = pytest.mark.once

ROWS = [["asyncio-protocol+uvloop", "1.00", "a"], ["asyncio-protocol+rloop", "10.00", "bb"]]


def lines(width: int, required: int) -> list[str]:
    return [line.plain for line in grid(["server", "ratio", "what"], ROWS, width, required=required)]


def test_paragraph_breaks_no_name_and_indents_what_follows() -> None:
    shown = [line.plain for line in paragraph("one asyncio-protocol two asyncio-protocol", 20, indent="  ")]
    assert shown == ["  one", "    asyncio-protocol", "    two", "    asyncio-protocol"]


def test_column_is_left_out_rather_than_a_name_shortened() -> None:
    assert lines(40, 2) == [
        "server                   ratio  what",
        "asyncio-protocol+uvloop   1.00     a",
        "asyncio-protocol+rloop   10.00    bb",
    ]
    assert lines(35, 2)[0] == "server                   ratio"


def test_name_is_shortened_for_a_required_column() -> None:
    shown = lines(25, 3)
    assert [len(line) for line in shown] == [25, 25, 25]
    assert [line.split()[1:] for line in shown] == [["ratio", "what"], ["1.00", "a"], ["10.00", "bb"]]
    assert len({line.split()[0] for line in shown[1:]}) == 2


@pytest.mark.parametrize(
    ("pythons", "kind", "names"),
    [
        (["CPython 3.13.0", "CPython 3.14.0 free-threaded"], "CPython", ["3.13.0", "3.14.0 free-threaded"]),
        (["CPython 3.13.0", "PyPy 3.11"], "", ["CPython 3.13.0", "PyPy 3.11"]),
    ],
)
def test_common_implementation_of_pythons_is_named_once(pythons: list[str], kind: str, names: list[str]) -> None:
    assert without_kind(pythons) == (kind, dict(zip(pythons, names, strict=True)))
