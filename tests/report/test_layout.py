"""The layout of lines in columns."""

from collections.abc import Callable

import pytest

from upecho.report.layout import cut, name_width, shorten, shortened, slices

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


def could_be(text: str, name: str) -> bool:
    """Whether a reader could take the text for a name."""
    begin, dots, end = text.partition("...")
    return name.startswith(begin) and name.endswith(end) if dots else text == name


@pytest.mark.parametrize("width", range(8, 40))
def test_no_two_shortened_names_read_alike(width: int) -> None:
    loops = ["uvloop", "zuvloop", "aiofastnet", "aiofastnet-uvloop", "my_loops.fast:new_event_loop"]
    names = [f"{server}+{loop}" for server in ("asyncio-protocol", "asyncio-buffered", "asyncio") for loop in loops]
    found = shortened([*names, "over inet"], width)
    assert max(map(len, found.values())) <= width
    assert len(set(found.values())) == len(names) + 1
    for name, text in found.items():
        assert could_be(text, name) != ("#" in text)
        assert not any(could_be(text, other) for other in names if other != name)
    assert width < 19 or not any("#" in text for text in found.values())


def test_name_is_kept_if_there_is_room() -> None:
    names = ["x" * 30, "x" * 31]
    assert shortened(names, 31) == dict(zip(names, names, strict=True))


def test_cut_moves_to_where_names_differ() -> None:
    names = ["package.module:first_server+uvloop", "package.module:second_server+uvloop"]
    assert list(shortened(names, 20).values()) == ["pa...t_server+uvloop", "pa...d_server+uvloop"]


def test_names_that_no_cut_distinguishes_are_numbered() -> None:
    names = [f"{'x' * 20}{middle}{'y' * 20}" for middle in "abc"]
    assert list(shortened(names, 14).values()) == ["xxxxx...yyyy#1", "xxxxx...yyyy#2", "xxxxx...yyyy#3"]
    assert len(set(shortened(["a  b", "a b"], 8).values())) == 2


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
