"""The layout of lines in columns."""

from collections.abc import Callable

import pytest

from upecho.report.layout import cut, name_width, shorten, slices

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("shortened", "by", "width", "text"),
    [
        ("asyncio-protocol+uvloop", shorten, 15, "asynci...uvloop"),
        ("asyncio", shorten, 7, "asyncio"),
        ("two\nlines", shorten, 9, "two lines"),
        ("asyncio", shorten, 2, "as"),
        ("\u4e2d" * 9, shorten, 9, "\u4e2d ... \u4e2d"),
        ("asyncio-protocol", cut, 10, "asyncio..."),
    ],
)
def test_long_text_is_shortened(shortened: str, by: Callable[[str, int], str], width: int, text: str) -> None:
    assert by(shortened, width) == text


@pytest.mark.parametrize(
    ("count", "room", "sizes"), [(14, 61, [7, 7]), (10, 58, [10]), (11, 58, [5, 6]), (3, 1, [1, 1, 1]), (0, 9, [])]
)
def test_columns_are_divided_evenly_among_tables(count: int, room: int, sizes: list[int]) -> None:
    assert [part.stop - part.start for part in slices(count, 4, room=room)] == sizes


@pytest.mark.parametrize(
    ("length", "columns", "width", "name"),
    [
        (40, 4, 66, 26),  # what four columns of eight leave
        (40, 4, 60, 24),  # the table is split rather than the name cut further
        (40, 4, 30, 20),  # one column fits beside it
        (40, 4, 10, 8),
        (5, 4, 66, 5),
    ],
)
def test_width_of_names_leaves_room_for_the_columns(length: int, columns: int, width: int, name: int) -> None:
    assert name_width(["one", "x" * length], 8, columns=columns, width=width) == name
