"""Known failures: which checks a target is known to fail, and whether it still does. Knows nothing of files' syntax."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from upecho.conformance.catalogue import catalogue
from upecho.conformance.check import Check
from upecho.conformance.run.outcome import Outcome, Verdict
from upecho.conformance.run.selection import can_be_due
from upecho.net.address import Family
from upecho.processes import procfs
from upecho.serving.target import Target

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
        flaky: whether it fails now and then only, as in a race; then it may pass as well.
    """

    check: str
    reason: str
    link: str = ""
    families: frozenset[Family] | None = None
    flaky: bool = False

    def covers(self, outcome: Outcome) -> bool:
        """Whether it is about an outcome of its target."""
        return outcome.check == self.check and (self.families is None or Family(outcome.family) in self.families)

    def covered(self, target: Target) -> frozenset[Family]:
        """Return the families that it is about."""
        return self.families or due_families(self.check, target)

    def without(self, stale: Iterable[Outcome], target: Target) -> "Entry | None":
        """Return what is left of it once it is no longer about some outcomes; None if nothing is."""
        gone = {Family(one.family) for one in stale}
        if not gone:
            return self
        left = self.covered(target) - gone
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

    def entry(self, outcome: Outcome) -> Entry | None:
        """Return the entry that is about an outcome of the target, or None."""
        return next((entry for entry in self.entries if entry.covers(outcome)), None)

    def complaints(self, outcomes: Iterable[Outcome]) -> Iterator[str]:
        """Yield a line for each entry that is stale."""
        own = [one for one in outcomes if one.target == self.target.text]
        for entry in self.entries:
            ran = [one for one in own if entry.covers(one)]
            if any(one.is_stale for one in ran):
                yield f"{self.path}: {entry.check} is listed as a known failure, but {self._advice(entry, ran)}"

    def _advice(self, entry: Entry, ran: Sequence[Outcome]) -> str:
        """Say what has become of an entry, and what to do; of families that were not run nothing is known."""
        stale = [one for one in ran if one.is_stale]
        seen = [
            f"{said} over {_names(one for one in stale if one.verdict is verdict)}"
            for verdict, said in SAID.items()
            if any(one.verdict is verdict for one in stale)
        ]
        rest = entry.without(stale, self.target)
        if rest is None:
            advice = "remove the entry"
        elif rest.covered(self.target) <= {Family(one.family) for one in ran}:
            advice = f"limit it to families = {toml_list(rest.families or ())}"
        elif entry.families is None:
            advice = f"give it families, without {_names(stale)}"
        else:
            advice = f"leave {_names(stale)} out of its families"
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
        entry = failures.entry(outcome) if failures and not _is_hidden(outcome) else None
        return replace(outcome, known=entry.reason, flaky=entry.flaky) if entry else outcome

    def complaints(self, outcomes: Sequence[Outcome]) -> list[str]:
        """Return a line for each entry that is stale."""
        return [line for failures in self._by_target.values() for line in failures.complaints(outcomes)]


def updated(old: Sequence[Entry], target: Target, outcomes: Sequence[Outcome], *, strict: bool) -> tuple[Entry, ...]:
    """Return the entries of a target after a run, whose outcomes were marked by means of the ``old`` ones.

    Those that still fail, are flaky, or were not examined, stay as they are; those that are stale go; what fails and
    is in none comes in, if it fails the run, with the families over which it failed unless these are all there are.
    """
    entries: list[Entry] = []
    for check in catalogue():
        ran = [one for one in outcomes if (one.target, one.check) == (target.text, check.id)]
        stale = [one for one in ran if one.is_stale]
        left = (entry.without(filter(entry.covers, stale), target) for entry in old if entry.check == check.id)
        kept = [entry for entry in left if entry]
        entries += kept
        if new := [one for one in ran if one.verdict is Verdict.FAILED and one.fails(strict=strict)]:
            failed = frozenset(Family(one.family) for one in new)
            everywhere = failed == due_families(check.id, target) and not kept
            entries.append(Entry(check.id, _reason(new[0]), families=None if everywhere else failed))
    return tuple(entries)


def due_families(check_id: str, target: Target) -> frozenset[Family]:
    """Return over which families of this system a check can be due for a target."""
    check = _check(check_id)
    return frozenset(one for one in Family if can_be_due(check, target, one) and one.is_available())


def toml_list(families: Iterable[Family]) -> str:
    """Return families as TOML has them, in the usual order."""
    wanted = set(families)
    return json.dumps([family.value for family in Family if family in wanted])


def _names(outcomes: Iterable[Outcome]) -> str:
    return ", ".join(one.family for one in outcomes)


def _reason(outcome: Outcome) -> str:
    """Return what was expected and seen, on one line."""
    line = " ".join(f"expected {outcome.expected}, saw {outcome.seen}".split())
    return line if len(line) <= LONGEST_REASON else line[: LONGEST_REASON - 1] + "…"


def _is_hidden(outcome: Outcome) -> bool:
    """Whether this system cannot show what the check has to see; then it says nothing about the target."""
    return _check(outcome.check).observes and not procfs.AVAILABLE


def _check(name: str) -> Check:
    return next(check for check in catalogue() if check.id == name)
