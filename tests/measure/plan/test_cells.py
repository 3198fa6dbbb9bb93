"""The identity of cells, and how users write it."""

import pytest

from upecho.measure.plan.cells import on_python

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("asyncio", ("asyncio", "")),
        ("asyncio+uvloop@old", ("asyncio+uvloop", "old")),
        ("asyncio@3.13.0", ("asyncio", "3.13.0")),
        ("asyncio@unknown", ("asyncio@unknown", "")),
        ("unix:@name", ("unix:@name", "")),
        ("unix:@name@old", ("unix:@name", "old")),
        ("@old", ("@old", "")),
        ("cmd:./serve user@host {address}", ("cmd:./serve user@host {address}", "")),
    ],
)
def test_name_of_an_interpreter_follows_the_target(text: str, expected: tuple[str, str]) -> None:
    assert on_python(text, {"old", "3.13.0"}) == expected
