"""The failure of a check: what was expected, what was seen, and what went over the wire before."""

import shlex
import time
from dataclasses import dataclass

from upecho.address import Family
from upecho.conformance.levels import Check
from upecho.conformance.verdicts import LABEL_WIDTH
from upecho.target import Target

SHOWN_BYTES = 12
SHOWN_EVENTS = 30


class Violation(AssertionError):
    """The target did not do what a check requires."""

    def __init__(self, expected: str, seen: str) -> None:
        super().__init__(f"expected {expected}, saw {seen}")
        self.expected = expected
        self.seen = seen


class Log:
    """What a check did and saw, with the seconds since it began."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._lines: list[str] = []

    def note(self, event: str) -> None:
        """Add an event."""
        self._lines.append(f"{self.age_seconds():7.3f} s  {event}")

    def age_seconds(self) -> float:
        """Return how long ago the check began."""
        return time.monotonic() - self._began

    def expect_time_left(self, seconds: float, so_far: str) -> None:
        """Expect that the check has not gone on for longer than so; ``so_far`` says what came of it until now."""
        if self.age_seconds() > seconds:
            raise Violation(f"the check done within {seconds:g} s", f"only {so_far} by then")

    def lines(self) -> list[str]:
        """Return the events in order; of many only the last ones."""
        left_out = len(self._lines) - SHOWN_EVENTS
        if left_out <= 0:
            return self._lines
        return [f"({left_out} earlier events left out)", *self._lines[-SHOWN_EVENTS:]]


def show(data: bytes | bytearray | memoryview, offset: int = 0) -> str:
    """Show bytes, abbreviated, from ``offset`` on."""
    part = bytes(data[offset : offset + SHOWN_BYTES])
    before = "…" if offset else ""
    after = f"… ({len(data)} bytes)" if offset + SHOWN_BYTES < len(data) else ""
    return f"{before}{part!r}{after}"


def first_difference(one: bytes, other: bytes) -> int:
    """Return the offset of the first byte that differs."""
    low, high = 0, min(len(one), len(other))
    while low < high:  # bisect by equal prefixes: a comparison of slices is a memcmp
        middle = (low + high + 1) // 2
        if one[:middle] == other[:middle]:
            low = middle
        else:
            high = middle - 1
    return low


@dataclass(frozen=True)
class Story:
    """What surrounds a violation.

    Attributes:
        wire: the lines of the log.
        stderr: the last line that the server wrote there.
        repeat: the command that runs just this check again.
    """

    wire: list[str]
    stderr: str
    repeat: str


def explain(check: Check, violation: Violation, story: Story) -> str:
    """Say what was required, expected and seen, what went before, and how to see it again."""
    rows = {
        check.level.value: check.requirement,
        "source": check.source,
        "expected": violation.expected,
        "seen": violation.seen,
        "note": " ".join(" ".join(getattr(violation, "__notes__", [])).split()),
        "wire": ("\n" + " " * LABEL_WIDTH).join(story.wire),
        "stderr": story.stderr,
        "repeat": story.repeat,
    }
    return "\n".join(f"{name:{LABEL_WIDTH}}{text}" for name, text in rows.items() if text)


def repeat_line(target: Target, family: Family, check: Check) -> str:
    """Return the command that runs just this check again."""
    return f"upecho check {shlex.quote(target.text)} --family {family.value} --check {check.id}"
