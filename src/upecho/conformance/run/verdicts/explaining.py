"""Lays out why a check did not pass as labelled lines, which pytest and the terminal report show in the same order."""

from collections.abc import Iterator

from upecho.conformance.check import Check
from upecho.conformance.findings import Event, Wire
from upecho.conformance.run.verdicts.document import DescribedCheck
from upecho.conformance.run.verdicts.outcome import Outcome
from upecho.support.text import plural

Line = tuple[str, str | Event]  # a label, empty if the line continues the one before it; and its content

LABEL_WIDTH = 11
TIME_WIDTH = 7  # of seconds with three decimals
REPEAT = "repeat"


def lines(check: Check | DescribedCheck, outcome: Outcome) -> Iterator[Line]:
    """Yield what is known about an outcome that is not a pass, but for the command that repeats the check."""
    if not outcome.follows_from:  # otherwise the failure of another check matters
        yield check.level.value, check.requirement
        yield "source", check.source
    if outcome.cause:
        yield "cause", outcome.cause
    if outcome.fault:
        yield "error", outcome.fault.message
        if outcome.fault.location:
            yield "in", outcome.fault.location
    if why := outcome.explanation:
        if not outcome.cause:  # which contains them
            yield "expected", why.expected
            yield "seen", why.seen
        if notes := [*filter(None, [why.note, _note_on_earlier_checks(len(why.earlier_checks))])]:
            yield "note", "; ".join(notes)
        yield from _labelled("wire", _events(why.wire))
        yield from _labelled("stderr", why.stderr)


def as_text(check: Check | DescribedCheck, outcome: Outcome) -> str:
    """Return the lines as plain text, with the command that repeats the check."""
    rows = [f"{label:{LABEL_WIDTH}}{_plain(content)}" for label, content in lines(check, outcome)]
    if outcome.explanation:
        rows.append(f"{REPEAT:{LABEL_WIDTH}}{outcome.explanation.repeat}")
    return "\n".join(rows)


def time_of(event: Event) -> str:
    """Return the time of an event as a column of fixed width."""
    return f"{event.seconds:{TIME_WIDTH}.3f} s  "


def _note_on_earlier_checks(count: int) -> str:
    """Return the note that earlier checks may have led to a failure; empty if there were none."""
    them = "it" if count == 1 else "them"
    return f"{plural(count, 'earlier check')} may have led to this; the command repeats {them}, too" if count else ""


def _labelled(label: str, contents: Iterator[str | Event] | tuple[str, ...]) -> Iterator[Line]:
    for number, content in enumerate(contents):
        yield label if number == 0 else "", content


def _events(wire: Wire) -> Iterator[str | Event]:
    yield from wire.first
    if wire.omitted:
        yield f"... {wire.omitted} more events ..."
    yield from wire.last


def _plain(content: str | Event) -> str:
    return content if isinstance(content, str) else time_of(content) + content.text
