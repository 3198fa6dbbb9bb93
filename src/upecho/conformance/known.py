"""Known failures: which checks a target is known to fail, and whether it still does. Knows nothing of files' syntax."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from upecho import observe
from upecho.address import Family
from upecho.conformance.catalogue import catalogue
from upecho.conformance.levels import Check
from upecho.conformance.selection import can_be_due
from upecho.conformance.verdicts import Outcome, Verdict
from upecho.target import Target

LONGEST_REASON = 200  # characters
SAID = {Verdict.PASSED: "passed", Verdict.UNSUPPORTED: "is declared unsupported"}


@dataclass(frozen=True)
class Entry:
    """A check that is known to fail.

    Attributes:
        check: its id.
        reason: why, in a line.
        link: where there is more about it.
        families: over which it fails; None means all over which it is due.
    """

    check: str
    reason: str
    link: str = ""
    families: frozenset[Family] | None = None

    def covers(self, outcome: Outcome) -> bool:
        """Whether it is about an outcome of its target."""
        return outcome.check == self.check and (self.families is None or Family(outcome.family) in self.families)

    def without(self, stale: Iterable[Outcome], target: Target) -> "Entry | None":
        """Return what is left of it once it is no longer about some outcomes; None if nothing is."""
        gone = {Family(one.family) for one in stale}
        if not gone:
            return self
        left = (self.families or due_families(self.check, target)) - gone
        return replace(self, families=left) if left else None


@dataclass(frozen=True)
class KnownFailures:
    """All known failures of one target.

    Attributes:
        path: the file that lists them.
        target: whose they are.
        entries: one for each check, or more if they are about different families.
    """

    path: Path
    target: Target
    entries: tuple[Entry, ...]

    def reason(self, outcome: Outcome) -> str:
        """Return why what an outcome is about is known to fail; empty if it is not."""
        return next((entry.reason for entry in self.entries if entry.covers(outcome)), "")

    def complaints(self, outcomes: Iterable[Outcome]) -> Iterator[str]:
        """Yield a line for each entry that is stale."""
        stale = [one for one in outcomes if one.is_stale and one.target == self.target.text]
        for entry in self.entries:
            if about := [one for one in stale if entry.covers(one)]:
                yield f"{self.path}: {entry.check} is listed as a known failure, but {self._advice(entry, about)}"

    def _advice(self, entry: Entry, stale: Sequence[Outcome]) -> str:
        seen = [
            f"{said} over {', '.join(one.family for one in stale if one.verdict is verdict)}"
            for verdict, said in SAID.items()
            if any(one.verdict is verdict for one in stale)
        ]
        rest = entry.without(stale, self.target)
        advice = f"limit it to families = {toml_list(rest.families or ())}" if rest else "remove the entry"
        return f"it {' and '.join(seen)}: {advice}"


class Known:
    """The known failures of several targets."""

    def __init__(self, failures: Iterable[KnownFailures] = ()) -> None:
        self._by_target = {one.target.text: one for one in failures}

    def of(self, target: Target) -> KnownFailures | None:
        """Return those of one target, or None if no file is about it."""
        return self._by_target.get(target.text)

    def marked(self, outcome: Outcome) -> Outcome:
        """Return the outcome with the reason why it is known to fail, if it is."""
        failures = self._by_target.get(outcome.target)
        if failures is None or _is_hidden(outcome):
            return outcome
        return replace(outcome, known=failures.reason(outcome))

    def complaints(self, outcomes: Sequence[Outcome]) -> list[str]:
        """Return a line for each entry that is stale."""
        return [line for failures in self._by_target.values() for line in failures.complaints(outcomes)]


def updated(old: Sequence[Entry], target: Target, outcomes: Sequence[Outcome], *, strict: bool) -> tuple[Entry, ...]:
    """Return the entries of a target after a run, whose outcomes were marked by means of the ``old`` ones.

    Those that still fail, or were not examined, stay as they are; those that are stale go; what fails and is in none
    comes in, if it fails the run.
    """
    entries: list[Entry] = []
    for check in catalogue():
        ran = [one for one in outcomes if (one.target, one.check) == (target.text, check.id)]
        stale = [one for one in ran if one.is_stale]
        left = (entry.without(filter(entry.covers, stale), target) for entry in old if entry.check == check.id)
        kept = [entry for entry in left if entry]
        entries += kept
        if new := [one for one in ran if one.verdict is Verdict.FAILED and one.fails(strict=strict)]:
            everywhere = len(new) == len(ran) and not kept
            families = None if everywhere else frozenset(Family(one.family) for one in new)
            entries.append(Entry(check.id, _reason(new[0]), families=families))
    return tuple(entries)


def due_families(check_id: str, target: Target) -> frozenset[Family]:
    """Return over which families of this system a check can be due for a target."""
    check = _check(check_id)
    return frozenset(one for one in Family if can_be_due(check, target, one) and one.is_available())


def toml_list(families: Iterable[Family]) -> str:
    """Return families as TOML has them, in the usual order."""
    wanted = set(families)
    return json.dumps([family.value for family in Family if family in wanted])


def _reason(outcome: Outcome) -> str:
    """Return what was expected and seen, on one line."""
    line = " ".join(f"expected {outcome.expected}, saw {outcome.seen}".split())
    return line if len(line) <= LONGEST_REASON else line[: LONGEST_REASON - 1] + "…"


def _is_hidden(outcome: Outcome) -> bool:
    """Whether this system cannot show what the check has to see; then it says nothing about the target."""
    return _check(outcome.check).observes and not observe.AVAILABLE


def _check(name: str) -> Check:
    return next(check for check in catalogue() if check.id == name)
