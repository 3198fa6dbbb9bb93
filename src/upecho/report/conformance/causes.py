"""Groups the outcomes that did not pass by their cause, and renders each cause once."""

import itertools
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
from upecho.conformance.run.verdicts.document import DescribedCheck
from upecho.conformance.run.verdicts.outcome import Outcome
from upecho.report.conformance.marks import Mark
from upecho.report.layout import GAP

# The marks that have a cause, with the heading of their explanation. The first one in a finding is explained.
HEADS = {
    Mark.FAILED: "FAILED",
    Mark.FAILED_SHOULD: "FAILED SHOULD",
    Mark.FAILED_LATER: "FAILED, NOT SCORED",
    Mark.NOT_RUN: "NOT RUN",
    Mark.ERROR: "ERROR",
}
ALSO = "also"
NUMBER = re.compile(r"\d+(?:\.\d+)?")
# What differs between checks whose failures have one cause: bytes, whether or not abbreviated; numbers; paths.
VARYING = re.compile(
    r"""…?\bb(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")(?:…(?: \(\d+ bytes?\))?)?|unix:\S+|""" + NUMBER.pattern
)

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
    """Yield each finding, in the order of the outcomes, but those of checks that were not run come last.

    Args:
        outcomes: The outcomes.
        separate: Whether every check is a finding of its own.
    """
    unexplained = sorted((one for one in outcomes if Mark.of(one) in HEADS), key=_is_not_run)
    for group in _by_check(unexplained) if separate else _by_cause(unexplained):
        same = min(_by_check(group), key=lambda same: _difficulty(same, group))
        yield Finding(same, [one for one in group if one not in same])


def rendered(finding: Finding, check: Check | DescribedCheck) -> RenderableType:
    """Return the explanation of the first of several families; wrapped lines continue below their text."""
    first = finding.same[0]
    mark = Mark.of(first)
    lines = [*explaining.lines(check, first), *((ALSO, text) for text in also(finding.others))]
    width = max(len(label) for label in (explaining.REPEAT, *(label for label, _ in lines)))
    rows = Table.grid(padding=(0, GAP))
    rows.add_column(min_width=width)
    for label, content in lines:
        rows.add_row(Text(label, "bold"), _content(content))
    repeat = [_unwrapped(explaining.REPEAT.ljust(width), first.explanation.repeat)] if first.explanation else []
    return Group(Text(f"{HEADS[mark]}  {where(finding.same)}", mark.style), rows, *repeat, "")


def _is_not_run(outcome: Outcome) -> bool:
    return Mark.of(outcome) is Mark.NOT_RUN


def _by_check(outcomes: Sequence[Outcome]) -> list[list[Outcome]]:
    """Return the outcomes of each check of a target that have the same cause and mark."""
    groups = defaultdict(list)
    for one in outcomes:
        groups[one.check, Mark.of(one), cause(one), note(one)].append(one)
    return list(groups.values())


def _by_cause(outcomes: Sequence[Outcome]) -> list[list[Outcome]]:
    """Return the outcomes of each cause.

    A check that was not run belongs to a failed one only if it is known to follow from it: what looks the same may be
    another defect.

    Args:
        outcomes: The outcomes; those that were not run come last.
    """
    groups: dict[Cause, list[Outcome]] = defaultdict(list)
    failed: dict[Cause, Cause] = {}  # the cause without the note, and the check: the key of the group
    for one in outcomes:
        why = cause(one)
        key = (*why, note(one), str(_is_not_run(one)))
        if _is_not_run(one):
            key = next((failed[*why, id_] for id_ in one.follows_from if (*why, id_) in failed), key)
        else:
            failed.setdefault((*why, one.check), key)
        groups[key].append(one)
    return list(groups.values())


def _difficulty(same: Sequence[Outcome], group: Sequence[Outcome]) -> tuple[int, int, bool, int]:
    """Return what makes a check hard to understand: the one that explains a cause best comes first.

    Args:
        same: The outcomes of the check.
        group: All outcomes that have the cause, in the order of the catalogue.
    """
    first = same[0]
    earlier = itertools.takewhile(lambda one: one.check != first.check, group)
    is_variant = any(first.check.startswith(f"{one.check}-") for one in earlier)
    return list(HEADS).index(Mark.of(first)), -len(same), is_variant, min(map(_length, same))


def _length(outcome: Outcome) -> int:
    """Return the number of events on the connections of a check."""
    wire = outcome.explanation.wire if outcome.explanation else Wire()
    return len(wire.first) + wire.omitted + len(wire.last)


def where(same: Sequence[Outcome]) -> str:
    """Return the check, the target and the families that outcomes are about."""
    return f"{same[0].check}: {same[0].target} over {_families(same)}"


def cause(outcome: Outcome) -> Cause:
    """Return what outcomes of one target have in common if they have the same cause."""
    if outcome.fault:
        return outcome.target, "fault", VARYING.sub("#", outcome.fault.message)
    why = outcome.explanation
    if why and why.end:
        return outcome.target, "end", VARYING.sub("#", why.end)
    return outcome.target, "failure", VARYING.sub("#", f"{why.expected} / {why.seen}") if why else ""


def note(outcome: Outcome) -> str:
    """Return what a check adds to its explanation, without the numbers; empty if it adds nothing."""
    return NUMBER.sub("#", outcome.explanation.note) if outcome.explanation else ""


def also(others: Sequence[Outcome]) -> Iterator[str]:
    """Yield a line for each way in which the other checks of a finding did not pass, over the same families."""
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
