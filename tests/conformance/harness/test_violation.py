"""The text of a failure: what was required, expected and seen, and how to see it again."""

import signal

import pytest

from upecho.conformance.catalogue import catalogue
from upecho.conformance.harness.violation import (
    FIRST_EVENTS,
    LAST_EVENTS,
    LONGEST_LINE,
    Log,
    Story,
    Violation,
    ending,
    explain,
    first_difference,
    gist,
    repeat_line,
    show,
)
from upecho.net.address import Family
from upecho.serving.target import Kind, Target

CHECK = next(check for check in catalogue() if check.id == "half-close")


def test_it_says_all_that_its_author_needs() -> None:
    story = Story(["0.000 s  connected", "0.001 s  RST"], ["ValueError: boom (x.py:1)", "bye"], "upecho check …")
    text = explain(CHECK, Violation("FIN", "RST"), story)
    assert text.splitlines() == [
        f"MUST       {CHECK.requirement}",
        f"source     {CHECK.source}",
        "expected   FIN",
        "seen       RST",
        "wire       0.000 s  connected",
        "           0.001 s  RST",
        "stderr     ValueError: boom (x.py:1)",
        "           bye",
        "repeat     upecho check …",
    ]


def test_the_repeat_line_can_be_pasted() -> None:
    target = Target("cmd:./server --listen {address}", Kind.COMMAND)
    line = repeat_line(target, Family.UNIX, CHECK)
    assert line == "upecho check 'cmd:./server --listen {address}' --family unix --check half-close"


def test_long_bytes_are_abbreviated_from_the_difference_on() -> None:
    assert show(b"abc") == "b'abc'"
    assert show(bytes(100)).endswith("… (100 bytes)")
    assert show(b"abcdef", 4) == "…b'ef'"


def test_the_first_difference_is_found() -> None:
    assert first_difference(b"abcdef", b"abcxef") == 3
    assert first_difference(b"x", b"y") == 0
    assert first_difference(b"ab", b"abc") == 2


def test_of_many_events_the_first_and_the_last_are_shown() -> None:
    log = Log()
    for number in range(1, 1001):
        log.note(f"event {number}")
    lines = [line.partition(" s  ")[2] or line for line in log.lines()]
    first = [f"event {number}" for number in range(1, FIRST_EVENTS + 1)]
    last = [f"event {number}" for number in range(1001 - LAST_EVENTS, 1001)]
    assert lines == [*first, f"... {1000 - FIRST_EVENTS - LAST_EVENTS} more events ...", *last]


def test_events_that_fit_are_all_shown() -> None:
    log = Log()
    for number in range(FIRST_EVENTS + 1 + LAST_EVENTS):
        log.note(f"event {number}")
    assert len(log.lines()) == FIRST_EVENTS + 1 + LAST_EVENTS
    assert not any("more events" in line for line in log.lines())


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
        (TRACEBACK, ["ValueError: boom (/usr/server.py:12)"]),
        (f"{'-' * 40}\n{TRACEBACK}{'-' * 40}\n", ["ValueError: boom (/usr/server.py:12)"]),
        (f"{TRACEBACK}goodbye\n", ["ValueError: boom (/usr/server.py:12)", "goodbye"]),
        (TRACEBACK.rpartition("ValueError")[0], ["a traceback (/usr/server.py:12)", 'raise ValueError("boom")']),
        (GROUP, ["ExceptionGroup: two (2 sub-exceptions) (/a.py:7)", "ValueError: a"]),
        ("\x1b[31mred\x00\r\n", ["\\x1b[31mred\\x00\\r"]),
    ],
)
def test_what_matters_of_a_traceback_is_its_end(text: str, lines: list[str]) -> None:
    assert gist(text) == lines


def test_a_long_line_is_cut_in_its_middle() -> None:
    (line,) = gist("a" * 5000 + "z")
    assert (line[0], line[-1], len(line)) == ("a", "z", LONGEST_LINE + 1)


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (1, "exit status 1"),
        (-signal.SIGTERM, "killed by SIGTERM (it has no handler for it)"),
        (-signal.SIGSEGV, "killed by SIGSEGV"),
        (-(signal.SIGRTMIN + 1), f"killed by signal {signal.SIGRTMIN + 1}"),
    ],
)
def test_how_a_process_has_ended(status: int, text: str) -> None:
    assert ending(status) == text


def test_every_check_says_what_it_requires_and_why() -> None:
    for check in catalogue():
        assert check.requirement.endswith("."), check.id
        assert check.source, check.id
        assert check.families, check.id
