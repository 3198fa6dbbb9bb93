"""What a server writes to stderr: during which check, whether while it served, and what of it counts."""

import bisect
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from upecho.processes.child import Child
from upecho.support.error_reports import error_reports, without_numbers
from upecho.support.text import plural

# While it stops, asyncio of Python 3.11 reports each task that it cancels, although the server has done nothing wrong.
CANCELLED = "asyncio.exceptions.CancelledError"
MAX_KINDS = 3  # of error reports that one message describes


@dataclass(frozen=True)
class Fragment:
    """A part of what a server has written to stderr.

    Attributes:
        check: Id of the check during which it was written.
        text: The text.
        while_serving: Whether it was written before the server was told to stop.
    """

    check: str
    text: str
    while_serving: bool


@dataclass(frozen=True)
class Finding:
    """An error report on stderr.

    Attributes:
        check: Id of the check during which it was written.
        text: What is reported, in one line.
    """

    check: str
    text: str


class StderrReader:
    """Reads the stderr of a server process and divides it into fragments.

    Offsets in bytes from the beginning of stderr divide the text: where the current check began, up to where the text
    has been collected, where the server was told to stop, and where it was killed. What a server writes before it is
    ready is in no fragment, and neither is what its children write once it was killed.

    Attributes:
        fragments: What has been collected so far.
    """

    def __init__(self, child: Child, startup_bytes: int = 0) -> None:
        """Prepare to read; nothing is read yet.

        Args:
            child: The process.
            startup_bytes: Size in bytes of what it wrote before it was ready.
        """
        self.fragments: list[Fragment] = []
        self._child = child
        self._check_start = 0
        self._collected = startup_bytes
        self._stop: int | None = None
        self._end: int | None = None

    def begin_check(self) -> None:
        """Note that a new check begins."""
        self._check_start = self._child.stderr_bytes()

    def note_stop(self) -> None:
        """Note that the server is about to be told to stop."""
        if self._stop is None:
            self._stop = self._child.stderr_bytes()

    def note_kill(self) -> None:
        """Note that the server is about to be killed."""
        if self._end is None:
            self._end = self._child.stderr_bytes()

    def during_check(self) -> str:
        """Return what the server has written during the current check."""
        return self._child.stderr(self._check_start)

    def collect(self, check: str) -> None:
        """Add what the server has written since the last call to the fragments.

        Args:
            check: Id of the current check.
        """
        end = self._child.stderr_bytes() if self._end is None else self._end
        stop = end if self._stop is None else min(max(self._stop, self._collected), end)
        for start, finish, while_serving in ((self._collected, stop, True), (stop, end, False)):
            if text := self._child.stderr(start, finish):
                self.fragments.append(Fragment(check, text, while_serving))
        self._collected = end


def errors(fragments: Sequence[Fragment]) -> list[Finding]:
    """Return the error reports in what one server has written, those that it wrote while it stopped included."""
    reports = error_reports("".join(one.text for one in fragments))
    ends = list(itertools.accumulate(one.text.count("\n") for one in fragments))  # line number at the end of each
    places = (fragments[min(bisect.bisect_right(ends, report.line), len(ends) - 1)] for report in reports)
    return [
        Finding(place.check, report.text)
        for place, report in zip(places, reports, strict=True)
        if place.while_serving or CANCELLED not in report.text
    ]


def summarized(findings: Sequence[Finding]) -> str:
    """Return what each kind of finding is, how often it occurred, and during which check first."""
    kinds: dict[str, list[Finding]] = {}
    for one in findings:
        kinds.setdefault(without_numbers(one.text), []).append(one)
    shown = [
        f"{first.text}, {plural(1 + len(others), 'time')}, first during {first.check}"
        for first, *others in itertools.islice(kinds.values(), MAX_KINDS)
    ]
    more = [f"and {plural(len(kinds) - MAX_KINDS, 'more kind')} of report"] if len(kinds) > MAX_KINDS else []
    return "; ".join(shown + more)
