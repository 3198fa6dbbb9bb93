"""Groups the outcomes that did not pass by their cause, and renders each cause once."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from upecho.conformance.check import Check
from upecho.conformance.findings import Event, Wire
from upecho.conformance.run.verdicts import explaining
from upecho.conformance.run.verdicts.outcome import Outcome
from upecho.report.conformance.marks import Mark
from upecho.report.layout import GAP

# The marks that have a cause, with the heading of their explanation. The first one in a group is explained.
HEADS = {
    Mark.FAILED: "FAILED",
    Mark.FAILED_SHOULD: "FAILED SHOULD",
    Mark.NOT_RUN: "NOT RUN",
    Mark.ERROR: "ERROR",
}
ALSO = "also"
VARYING = re.compile(r"\d+(\.\d+)?|b'.*?'(?:…| |$)|unix:\S+")  # differs between checks whose failures have one cause

Cause = tuple[str, ...]


@dataclass(frozen=True)
class Finding:
    """What did not pass for one cause.

    Attributes:
        same: The outcomes of the check that is explained, one for each family.
        others: All other outcomes.
    """

    same: Sequence[Outcome]
    others: Sequence[Outcome]


def findings(outcomes: Sequence[Outcome], *, separate: bool) -> Iterator[Finding]:
    """Yield each finding, in the order of the outcomes.

    Args:
        outcomes: The outcomes.
        separate: Whether every check is a finding of its own.
    """
    groups = defaultdict(list)
    for one in outcomes:
        if (mark := Mark.of(one)) in HEADS:
            own = (one.check, mark.name) if separate else ()
            groups[(*_cause(one), *own)].append(one)
    for group in groups.values():
        first = min(group, key=_difficulty)
        same = [one for one in group if (one.check, Mark.of(one)) == (first.check, Mark.of(first))]
        yield Finding(same, [one for one in group if one not in same])


def rendered(finding: Finding, check: Check) -> RenderableType:
    """Return the explanation of the first of several families; wrapped lines continue below their text."""
    first = finding.same[0]
    mark = Mark.of(first)
    lines = [*explaining.lines(check, first), *((ALSO, text) for text in _also(finding.others))]
    width = max(len(label) for label in (explaining.REPEAT, *(label for label, _ in lines)))
    rows = Table.grid(padding=(0, GAP))
    rows.add_column(min_width=width)
    for label, content in lines:
        rows.add_row(Text(label, "bold"), _content(content))
    repeat = [_unwrapped(explaining.REPEAT.ljust(width), first.explanation.repeat)] if first.explanation else []
    return Group(Text(f"{HEADS[mark]}  {where(finding.same)}", mark.style), rows, *repeat, "")


def _difficulty(outcome: Outcome) -> tuple[int, int]:
    """Return what makes an outcome hard to understand: the one that explains a cause best comes first."""
    wire = outcome.explanation.wire if outcome.explanation else Wire()
    return list(HEADS).index(Mark.of(outcome)), len(wire.first) + wire.omitted + len(wire.last)


def where(same: Sequence[Outcome]) -> str:
    """Return the check, the target and the families that outcomes are about."""
    return f"{same[0].check}: {same[0].target} over {_families(same)}"


def _cause(outcome: Outcome) -> Cause:
    """Return what outcomes of one target have in common if they have the same cause."""
    if outcome.fault:
        return outcome.target, "fault", VARYING.sub("#", outcome.fault.message)
    why = outcome.explanation
    if why and why.end:
        return outcome.target, "end", VARYING.sub("#", why.end)
    return outcome.target, "failure", VARYING.sub("#", f"{why.expected} / {why.seen}") if why else ""


def _also(others: Sequence[Outcome]) -> Iterator[str]:
    """Yield a line for each way in which other checks did not pass, over the same families."""
    by_check = defaultdict(list)
    for one in others:
        by_check[Mark.of(one), one.check].append(one)
    lines = defaultdict(list)
    for (mark, check), same in by_check.items():
        lines[mark, _families(same)].append(check)
    for (mark, families), checks in lines.items():
        yield f"{mark.meaning} over {families}: {', '.join(checks)}"


def _families(outcomes: Sequence[Outcome]) -> str:
    return ", ".join(one.family for one in outcomes)


def _content(content: str | Event) -> RenderableType:
    """Return the content of a line; the wrapped lines of an event continue beside its time, not below it."""
    if isinstance(content, str):
        return Text(content)
    event = Table.grid()
    event.add_column(no_wrap=True)
    event.add_row(Text(explaining.time_of(content)), Text(content.text))
    return event


def _unwrapped(label: str, command: str) -> Text:
    """Return a line that only the terminal itself wraps, so that its text can be copied and pasted."""
    return Text.assemble((label, "bold"), " " * GAP, command, no_wrap=True, overflow="ignore")
