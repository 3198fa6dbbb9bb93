"""Text for people: counts, text from untrusted programs, and names that do not exist."""

import pytest

from upecho.support.text import plural, printable, unknown_name

NAMES = ["threads", "selectors"]


def test_plural_adds_an_s_except_for_one() -> None:
    assert (plural(1, "byte"), plural(0, "byte"), plural(2, "byte")) == ("1 byte", "0 bytes", "2 bytes")


def test_control_characters_are_escaped() -> None:
    text = printable("".join(map(chr, range(0x100))) + "\u2028\u202e é 中")
    assert all(one.isprintable() or one == "\n" for one in text)
    assert text.endswith("\\u2028\\u202e é 中")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("threds", "unknown implementation 'threds'; did you mean threads?"),
        ("", "unknown implementation ''; known: threads, selectors, module:attribute"),
    ],
)
def test_unknown_name_suggests_the_nearest_or_lists_all(name: str, message: str) -> None:
    assert unknown_name("implementation", name, NAMES, "module:attribute") == message


def test_unknown_check_points_to_the_command_that_lists_checks() -> None:
    assert unknown_name("check", "zzz", NAMES) == "unknown check 'zzz'; upecho list --checks shows them all"
