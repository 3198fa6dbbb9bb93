"""Known failures: which checks a target is known to fail, and whether it still does. Knows no file format."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from upecho.conformance.catalogue import by_id
from upecho.conformance.check import Level
from upecho.conformance.run.selection import can_be_due
from upecho.conformance.run.verdicts.outcome import Outcome, Verdict
from upecho.net.address import Family
from upecho.serving.target import Target
from upecho.support.text import printable

MAX_REASON_LENGTH = 200  # characters
UNEXPECTED = {Verdict.PASSED: "passed", Verdict.UNSUPPORTED: "is declared unsupported"}


@dataclass(frozen=True)
class Entry:
    """A known failure of one check.

    Attributes:
        check: The id of the check.
        reason: Why the check fails, on one line.
        link: Where more information is found; empty if nowhere.
        families: The families over which the check fails; None means every family for which it is due.
        flaky: Whether the check fails only sometimes, for example because of a race; then it may pass as well.
    """

    check: str
    reason: str
    link: str = ""
    families: frozenset[Family] | None = None
    flaky: bool = False

    def covers(self, outcome: Outcome) -> bool:
        """Return whether the entry is about an outcome of its target."""
        return outcome.check == self.check and (self.families is None or outcome.family in self.families)

    def covered_families(self, target: Target) -> frozenset[Family]:
        """Return the families that the entry is about."""
        return self.families or due_families(self.check, target)

    def without(self, stale: Iterable[Outcome], target: Target) -> "Entry | None":
        """Return the entry without the families of stale outcomes, or None if no family is left."""
        gone = {one.family for one in stale}
        if not gone:
            return self
        left = self.covered_families(target) - gone
        return replace(self, families=left) if left else None


@dataclass(frozen=True)
class KnownFailures:
    """All known failures of one target.

    Attributes:
        path: The file that contains them.
        target: The target.
        entries: One entry for each check, or several that are about different families.
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
        """Say what happened and what to do; nothing is known about families that were not run."""
        stale = [one for one in ran if one.is_stale]
        happened = [
            f"{what} over {_families(one for one in stale if one.verdict is verdict)}"
            for verdict, what in UNEXPECTED.items()
            if any(one.verdict is verdict for one in stale)
        ]
        rest = entry.without(stale, self.target)
        if rest is None:
            advice = "remove the entry"
        elif rest.covered_families(self.target) <= {one.family for one in ran}:
            advice = f"limit it to families = {toml_list(rest.families or ())}"
        elif entry.families is None:
            advice = f"give it a list of families without {_families(stale)}"
        else:
            advice = f"remove {_families(stale)} from its families"
        return f"it {' and '.join(happened)}: {advice}"


class Known:
    """The known failures of several targets."""

    def __init__(self, failures: Iterable[KnownFailures] = ()) -> None:
        self._by_target = {one.target.text: one for one in failures}

    def of(self, target: Target) -> KnownFailures | None:
        """Return the known failures of one target, or None if no file is about it."""
        return self._by_target.get(target.text)

    def marked(self, outcome: Outcome) -> Outcome:
        """Return the outcome, marked with the reason if it is about a known failure.

        Reports print the reason to a terminal, so its control characters are escaped. A check that is not scored is not
        marked, so that the same entries serve for every revision of the suite.
        """
        failures = self._by_target.get(outcome.target)
        says_nothing = outcome.level is Level.LATER or by_id()[outcome.check].unavailable
        if failures is None or says_nothing:
            return outcome
        if entry := failures.entry(outcome):
            return _marked(outcome, entry.reason, flaky=entry.flaky, link=entry.link)
        return self._marked_by_cause(failures, outcome)

    @staticmethod
    def _marked_by_cause(failures: KnownFailures, outcome: Outcome) -> Outcome:
        """Return the outcome, marked if it was not run and every check that is the cause is known to fail.

        If MUST checks are among the causes, the others do not matter: they have failed too, but need not be known, as
        they fail a strict run only, and that by themselves.
        """
        must = [check for check in outcome.follows_from if by_id()[check].level is Level.MUST]
        causes = [failures.entry(replace(outcome, check=check)) for check in must or outcome.follows_from]
        known = [cause for cause in causes if cause]
        if not known or len(known) < len(causes):
            return replace(outcome, known="")
        links = {cause.link for cause in known}
        reasons = dict.fromkeys(cause.reason for cause in known)
        return _marked(outcome, "; ".join(reasons), link=links.pop() if len(links) == 1 else "")

    def complaints(self, outcomes: Sequence[Outcome]) -> list[str]:
        """Return a line for each entry that is stale."""
        return [line for failures in self._by_target.values() for line in failures.complaints(outcomes)]


def _marked(outcome: Outcome, reason: str, *, link: str, flaky: bool = False) -> Outcome:
    return replace(outcome, known=printable(reason), flaky=flaky, link=printable(link))


def updated(old: Sequence[Entry], target: Target, outcomes: Sequence[Outcome], *, strict: bool) -> tuple[Entry, ...]:
    """Return the known failures of a target after a run.

    Entries that still fail, are flaky or were not run stay as they are. Stale entries are removed. A failure that no
    entry covers is added if it fails the run; it is limited to the families over which it failed, unless these are all
    for which the check is due.

    Args:
        old: The entries before the run.
        target: The target.
        outcomes: The outcomes of the run, marked by means of ``old``.
        strict: Whether a failed SHOULD check fails the run.
    """
    entries: list[Entry] = []
    for check in by_id():
        ran = [one for one in outcomes if (one.target, one.check) == (target.text, check)]
        stale = [one for one in ran if one.is_stale]
        left = (entry.without(filter(entry.covers, stale), target) for entry in old if entry.check == check)
        kept = [entry for entry in left if entry]
        entries += kept
        if new := [one for one in ran if _is_new(one, strict=strict)]:
            failed = frozenset(one.family for one in new)
            everywhere = failed == due_families(check, target) and not kept
            entries.append(Entry(check, _reason(new[0]), families=None if everywhere else failed))
    return tuple(entries)


def due_families(check_id: str, target: Target) -> frozenset[Family]:
    """Return the families of this system over which a check can be due for a target."""
    check = by_id()[check_id]
    return frozenset(one for one in Family if can_be_due(check, target, one) and one.is_available())


def toml_list(families: Iterable[Family]) -> str:
    """Return families as a TOML list, in the usual order."""
    wanted = set(families)
    return json.dumps([family for family in Family if family in wanted])


def _families(outcomes: Iterable[Outcome]) -> str:
    return ", ".join(one.family for one in outcomes)


def _reason(outcome: Outcome) -> str:
    """Return what was expected and seen, on one line."""
    why = outcome.explanation
    line = " ".join(f"expected {why.expected}, saw {why.seen}".split()) if why else outcome.verdict.value
    return line if len(line) <= MAX_REASON_LENGTH else line[: MAX_REASON_LENGTH - 1] + "…"


def _is_new(outcome: Outcome, *, strict: bool) -> bool:
    """Return whether an outcome fails the run and its entry would not be about another check."""
    did_not_pass = outcome.verdict in (Verdict.FAILED, Verdict.NOT_RUN)
    return did_not_pass and not outcome.follows_from and outcome.fails(strict=strict)
