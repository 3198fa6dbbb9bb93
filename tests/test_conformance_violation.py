"""The text of a failure: what was required, expected and seen, and how to see it again."""

from upecho.address import Family
from upecho.conformance.catalogue import catalogue
from upecho.conformance.violation import (
    SHOWN_EVENTS,
    Log,
    Story,
    Violation,
    explain,
    first_difference,
    repeat_line,
    show,
)
from upecho.target import Kind, Target

CHECK = next(check for check in catalogue() if check.id == "half-close")


def test_it_says_all_that_its_author_needs() -> None:
    story = Story(["0.000 s  connected", "0.001 s  RST"], "ValueError: boom", "upecho check …")
    text = explain(CHECK, Violation("FIN", "RST"), story)
    assert text.splitlines() == [
        f"MUST       {CHECK.requirement}",
        f"source     {CHECK.source}",
        "expected   FIN",
        "seen       RST",
        "wire       0.000 s  connected",
        "           0.001 s  RST",
        "stderr     ValueError: boom",
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


def test_of_many_events_the_last_are_shown() -> None:
    log = Log()
    for number in range(SHOWN_EVENTS + 2):
        log.note(f"event {number}")
    assert log.lines()[0] == "(2 earlier events left out)"
    assert len(log.lines()) == SHOWN_EVENTS + 1


def test_every_check_says_what_it_requires_and_why() -> None:
    for check in catalogue():
        assert check.requirement.endswith("."), check.id
        assert check.source, check.id
        assert check.families, check.id
