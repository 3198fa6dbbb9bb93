"""The words in which violations and events are reported."""

import re
import signal

import pytest

from upecho.conformance.catalogue import catalogue
from upecho.conformance.harness.violation import (
    FIRST_EVENTS,
    LAST_EVENTS,
    MAX_LINE_LENGTH,
    Log,
    first_difference,
    how_ended,
    important_lines,
    show,
)


def test_long_bytes_are_abbreviated_from_an_offset() -> None:
    assert show(b"abc") == "b'abc'"
    assert show(bytes(100)).endswith("… (100 bytes)")
    assert show(b"abcdef", 4) == "…b'ef'"


def test_first_difference_is_found() -> None:
    assert first_difference(b"abcdef", b"abcxef") == 3
    assert first_difference(b"x", b"y") == 0
    assert first_difference(b"ab", b"abc") == 2


def test_long_log_keeps_its_beginning_and_its_end() -> None:
    log = Log()
    for number in range(1, 1001):
        log.note(f"event {number}")
    wire = log.wire()
    assert [event.text for event in wire.first] == [f"event {number}" for number in range(1, FIRST_EVENTS + 1)]
    assert wire.omitted == 1000 - FIRST_EVENTS - LAST_EVENTS
    assert [event.text for event in wire.last] == [f"event {number}" for number in range(1001 - LAST_EVENTS, 1001)]


def test_short_log_is_kept_whole() -> None:
    log = Log()
    for number in range(FIRST_EVENTS + 1 + LAST_EVENTS):
        log.note(f"event {number}")
    wire = log.wire()
    assert (len(wire.first), wire.omitted, wire.last) == (FIRST_EVENTS + 1 + LAST_EVENTS, 0, ())
    assert [event.seconds for event in wire.first] == sorted(event.seconds for event in wire.first)


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


def test_end_of_a_worker_is_described() -> None:
    assert how_ended(None) == "closed its stdout and did not exit,"
    assert how_ended(3) == "ended with status 3"
    assert how_ended(-signal.SIGKILL) == "was killed by SIGKILL"


def test_every_check_has_a_requirement_and_a_source() -> None:
    for check in catalogue():
        assert check.requirement.endswith("."), check.id
        assert check.source, check.id
        assert check.families, check.id


def test_no_source_names_a_product() -> None:
    products = re.compile(r"\b(asyncio|uvloop|rloop|libuv|trio|cpython|node|systemd|nginx|socat)\b", re.IGNORECASE)
    assert [check.id for check in catalogue() if products.search(check.source)] == []
