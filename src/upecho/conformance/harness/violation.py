"""The failure of a check: what was expected, what was seen, and what went over the client before."""

import re
import shlex
import signal
import time
from dataclasses import dataclass

from upecho.conformance.check import Check
from upecho.conformance.run.outcome import LABEL_WIDTH
from upecho.net.address import Family
from upecho.serving.target import Target
from upecho.support.text import plural, printable

SHOWN_BYTES = 12
FIRST_EVENTS = 4  # of the many in a log that are shown
LAST_EVENTS = 7
LONGEST_LINE = 300  # characters of what a target has written
FRAME = re.compile(r'(?P<margin>[ |]*?)  File "(?P<file>.+)", line (?P<line>\d+)')  # a group's frames have a margin


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
        """Return the events in order; of many only the first and the last ones."""
        left_out = len(self._lines) - FIRST_EVENTS - LAST_EVENTS
        if left_out <= 1:
            return self._lines
        return [*self._lines[:FIRST_EVENTS], f"... {left_out} more events ...", *self._lines[-LAST_EVENTS:]]


def show(data: bytes | bytearray | memoryview, offset: int = 0) -> str:
    """Show bytes, abbreviated, from ``offset`` on."""
    part = bytes(data[offset : offset + SHOWN_BYTES])
    before = "…" if offset else ""
    after = f"… ({plural(len(data), 'byte')})" if offset + SHOWN_BYTES < len(data) else ""
    return f"{before}{part!r}{after}"


def ending(status: int) -> str:
    """Say how a process has ended."""
    if status >= 0:
        return f"exit status {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:  # one of those for real time
        name = f"signal {-status}"
    asked = -status in (signal.SIGTERM, signal.SIGINT)
    return f"killed by {name}" + (" (it has no handler for it)" if asked else "")


def untimely(status: int, *, is_command: bool) -> str:
    """Say how a server has ended that nobody had told to."""
    hint = "; a command must stay in the foreground" if is_command and status == 0 else ""
    return ending(status) + hint


def gist(text: str) -> list[str]:
    """Return what matters of what a process has written to stderr: the last exception, and where, and the last line."""
    lines = [line for line in printable(text).splitlines() if any(map(str.isalnum, line))]
    frames = [(number, frame) for number, line in enumerate(lines) if (frame := FRAME.match(line))]
    said = [_exception(lines[number + 1 :], frame) for number, frame in frames[-1:]]
    if lines and not any(lines[-1].strip(" |") in one for one in said):
        said.append(lines[-1].strip(" |"))
    return [_cut(one) for one in said]


def _exception(after: list[str], frame: re.Match[str]) -> str:
    """Return the line that ends a traceback, and the innermost frame, which ``after`` stands below."""
    margin = frame["margin"]
    texts = (line.removeprefix(margin) for line in after if line.startswith(margin))
    what = next((text for text in texts if not text.startswith(" ")), "a traceback")
    return f"{what} ({frame['file']}:{frame['line']})"


def _cut(line: str) -> str:
    return line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE // 2]}…{line[-LONGEST_LINE // 2 :]}"


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
        client: the lines of the log.
        stderr: what matters of what the server wrote there during the check.
        repeat: the command that runs just this check again.
    """

    client: list[str]
    stderr: list[str]
    repeat: str


def explain(check: Check, violation: Violation, story: Story) -> str:
    """Say what was required, expected and seen, what went before, and how to see it again."""
    below = "\n" + " " * LABEL_WIDTH
    rows = {
        check.level.value: check.requirement,
        "source": check.source,
        "expected": violation.expected,
        "seen": violation.seen,
        "note": " ".join(" ".join(getattr(violation, "__notes__", [])).split()),
        "wire": below.join(story.client),
        "stderr": below.join(story.stderr),
        "repeat": story.repeat,
    }
    return "\n".join(f"{name:{LABEL_WIDTH}}{text}" for name, text in rows.items() if text)


def repeat_line(target: Target, family: Family, check: Check) -> str:
    """Return the command that runs just this check again."""
    return f"upecho check {shlex.quote(target.text)} --family {family.value} --check {check.id}"
