"""The lines that matter of what a program has written to stderr."""

import pytest

from upecho.support.tracebacks import MAX_LINE_LENGTH, important_lines

WARNING = "/usr/server.py:7: DeprecationWarning: use something else\n"
TRACEBACK = """\
Traceback (most recent call last):
  File "/old.py", line 1, in old
KeyError: 'old'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/usr/server.py", line 3, in serve
    handle(connection)
    ~~~~~~^^^^^^^^^^^^
  File "/usr/server.py", line 12, in handle
    raise ValueError("boom")
ValueError: boom
"""
GROUP = """\
  + Exception Group Traceback (most recent call last):
  |   File "/a.py", line 7, in <module>
  |     raise group
  | ExceptionGroup: two (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | ValueError: a
    +------------------------------------
"""


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", []),
        ("one\ntwo\n\n", ["two"]),
        (f"{WARNING}  warnings.warn(\n", [WARNING.strip()]),
        (f"{WARNING}goodbye\n", ["goodbye"]),
        (f"INFO: served\n  {WARNING}", [WARNING.strip()]),
        (TRACEBACK, ["ValueError: boom (/usr/server.py:12)"]),
        (f"{'-' * 40}\n{TRACEBACK}{'-' * 40}\n", ["ValueError: boom (/usr/server.py:12)"]),
        (f"{TRACEBACK}goodbye\n", ["ValueError: boom (/usr/server.py:12)", "goodbye"]),
        (TRACEBACK.rpartition("ValueError")[0], ["a traceback (/usr/server.py:12)", 'raise ValueError("boom")']),
        (GROUP, ["ExceptionGroup: two (2 sub-exceptions) (/a.py:7)", "ValueError: a"]),
        ("\x1b[31mred\x00\r\n", ["\\x1b[31mred\\x00\\r"]),
    ],
)
def test_important_lines_of_stderr_are_the_end_of_a_traceback_and_the_last_line(text: str, lines: list[str]) -> None:
    assert important_lines(text) == lines


def test_middle_of_a_long_line_is_left_out() -> None:
    (line,) = important_lines("a" * 5000 + "z")
    assert (line[0], line[-1], len(line)) == ("a", "z", MAX_LINE_LENGTH + 1)


@pytest.mark.parametrize(
    ("file", "named"),
    [
        ("/home/a/.venv/lib/python3.14/site-packages/loop/core.py", "loop/core.py"),
        ("/usr/lib/python3/dist-packages/loop.py", "loop.py"),
        ("/opt/lib/python3.14t/asyncio/streams.py", "asyncio/streams.py"),
        ("/home/a/my/server.py", "/home/a/my/server.py"),
    ],
)
def test_installed_module_is_named_as_on_any_machine(file: str, named: str) -> None:
    text = f'Traceback (most recent call last):\n  File "{file}", line 3, in serve\nValueError: boom\n'
    assert important_lines(text) == [f"ValueError: boom ({named}:3)"]
