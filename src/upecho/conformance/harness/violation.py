"""The violation of a requirement, the log of events that led to it, and the words in which both are reported."""

import contextlib
import time
from collections.abc import Iterator, Sequence

from upecho.conformance.findings import Event, Wire
from upecho.conformance.harness.budget import Budget
from upecho.support.text import plural

SHOWN_BYTES = 12
FIRST_EVENTS = 4  # shown of a long log
LAST_EVENTS = 7
RESET = ": reset"  # the end of an event
SLOW_BYTES = 4096  # a second: a server that does not even send so many is stuck rather than slow


class Violation(AssertionError):
    """The target did not do what a check requires.

    Attributes:
        expected: What the check expected.
        seen: What it saw instead.
        end: How the server has ended although nothing asked it to; empty if it runs, or if nobody has looked.
    """

    def __init__(self, expected: str, seen: str) -> None:
        super().__init__(f"expected {expected}, saw {seen}")
        self.expected = expected
        self.seen = seen
        self.end = ""


class NotReached(Violation):
    """The target failed before the point that the check judges, so nothing is known about the requirement.

    Attributes:
        precondition: What the check needed first, such as ``an echo before the reset``.
        follows_from: Ids of the checks that fail for the same reason; empty if none is known to do so.
    """

    def __init__(self, precondition: str, violation: Violation, follows_from: Sequence[str] = ()) -> None:
        super().__init__(violation.expected, violation.seen)
        self.precondition = precondition
        self.follows_from = tuple(follows_from)

    @property
    def cause(self) -> str:
        """What kept the check from being reached, on one line."""
        return f"{self.precondition}: {self.seen}"


class OutOfTime(NotReached):
    """The check is not worth its time, because other checks have failed slowly."""

    def __init__(self, budget: Budget) -> None:
        super().__init__("time for the check", Violation("time for the check", budget.cause), budget.failed)

    @property
    def cause(self) -> str:
        """What kept the check from being reached, on one line."""
        return self.seen


class Unsupported(Exception):
    """This machine or the target lacks what a check needs, which only the check itself could find out.

    Attributes:
        reason: What is lacking.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TooSlow(Unsupported):
    """The server answers correctly, but so slowly that the check would take too long."""


@contextlib.contextmanager
def precondition(what: str, *reported_by: str) -> Iterator[None]:
    """Turn a violation inside the block into ``NotReached``: the check needs ``what`` before it can judge anything.

    Args:
        what: What the check needs, as in ``an echo before the reset``.
        reported_by: Ids of the checks that fail for the same violation; none if that is not certain.
    """
    try:
        yield
    except NotReached:
        raise
    except Violation as violation:
        raise NotReached(what, violation, reported_by) from None


@contextlib.contextmanager
def about(note: str) -> Iterator[None]:
    """Add a note to a violation inside the block, such as which of many messages it is about."""
    try:
        yield
    except Violation as violation:
        violation.add_note(note)
        raise


class Log:
    """The events of one check, with the time since its start.

    Attributes:
        is_abandoned: Whether the check was not finished because the server is too slow.
    """

    def __init__(self, budget: Budget | None = None) -> None:
        """Begin a check.

        Args:
            budget: Limits how long the check may take if other checks have failed; None means no such limit.
        """
        self._budget = budget or Budget(limited=False)
        self._began = time.monotonic()
        self._limit_from = self._began
        self._events: list[Event] = []
        self._transferred = 0
        self.is_abandoned = False

    def note(self, text: str) -> None:
        """Add an event."""
        self._events.append(Event(round(self.age_seconds(), 4), text))

    def age_seconds(self) -> float:
        """Return the time since the check started, in seconds."""
        return time.monotonic() - self._began

    def begin_question(self) -> None:
        """Note that the check is over, and let the limit of its duration begin anew for what is still asked."""
        self.note("the check is over, does the server still answer?")
        self._limit_from = time.monotonic()

    def count(self, size: int) -> None:
        """Count bytes that the server has taken or answered."""
        self._transferred += size

    def expect_time_left(self, seconds: float, so_far: str) -> None:
        """Expect that the check has not taken longer than it may.

        Args:
            seconds: Longest duration of a check.
            so_far: What the check has achieved until now.

        Raises:
            Violation: The check takes longer.
            TooSlow: It takes longer although bytes are transferred all the time.
            OutOfTime: It takes longer than other checks, which failed, have left for it.
        """
        self.expect_budget_left()
        age = time.monotonic() - self._limit_from
        if self._transferred > SLOW_BYTES * age and age > min(seconds, self._budget.slow_seconds):
            self._budget.note_slow()
            self.is_abandoned = True
            raise TooSlow(f"the server is too slow for this check: {self._transferred >> 10} KiB in {age:.0f} s")
        if age > seconds:
            raise Violation(f"the end of the check within {seconds:g} s", f"only {so_far} in that time")

    def expect_budget_left(self) -> None:
        """Expect that other checks, which failed, have left time for this one.

        Raises:
            OutOfTime: They have not.
        """
        if self.age_seconds() > self._budget.seconds_left:
            raise OutOfTime(self._budget)

    @property
    def follows_failure(self) -> bool:
        """Whether an earlier check has failed."""
        return bool(self._budget.failed)

    def seconds_left(self) -> float:
        """Return the seconds that other checks, which failed, have left for this one."""
        return max(0.0, self._budget.seconds_left - self.age_seconds())

    def wire(self) -> Wire:
        """Return the events; of a long log, the beginning and the later events that matter most.

        These are about the client of the last event, or resets, or about no client at all, such as a signal. If there
        are only a few of them, the last events of other clients are added.
        """
        omitted = len(self._events) - FIRST_EVENTS - LAST_EVENTS
        if omitted <= 1:
            return Wire(tuple(self._events))
        later = self._events[FIRST_EVENTS:]
        last_client = _client(later[-1])
        by_weight = sorted(later, key=lambda event: _client(event) in (last_client, "") or event.text.endswith(RESET))
        return Wire(
            tuple(self._events[:FIRST_EVENTS]), omitted, tuple(sorted(by_weight[-LAST_EVENTS:], key=later.index))
        )


def _client(event: Event) -> str:
    """Return the name of the client that an event is about; empty if it is about none."""
    return event.text.partition(": ")[0] if event.text.startswith("client ") else ""


def show(data: bytes | bytearray | memoryview, offset: int = 0) -> str:
    """Return bytes from ``offset`` on as a literal, abbreviated if there are many."""
    part = bytes(data[offset : offset + SHOWN_BYTES])
    before = "…" if offset else ""
    after = f"… ({plural(len(data), 'byte')})" if offset + SHOWN_BYTES < len(data) else ""
    return f"{before}{part!r}{after}"


def first_difference(one: bytes, other: bytes) -> int:
    """Return the offset of the first byte that differs, by bisection: comparing slices is a fast memcmp."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[:middle] == other[:middle]:
            low = middle
        else:
            high = middle - 1
    return low
