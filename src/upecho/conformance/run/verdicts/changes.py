"""Comparison of two runs of the suite: what got worse, what was mended, and what cannot be compared.

A check got worse if it passed in BASE and fails in NEW. No other change is held against a target: a check that was not
run, was unsupported or had an error in BASE may have failed there as well, and a failure that is known, or known to be
flaky, was accepted by its author.
"""

import enum
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from upecho.conformance.check import Level
from upecho.conformance.run.verdicts.document import Document
from upecho.conformance.run.verdicts.outcome import Identity, Outcome, Verdict
from upecho.net.address import Family
from upecho.support.errors import CallerError
from upecho.support.text import plural

BASE, NEW = "BASE", "NEW"
Key = TypeVar("Key")
RUN = (Verdict.PASSED, Verdict.FAILED, Verdict.NOT_RUN)  # the verdicts that say something about a server


class Kind(enum.Enum):
    """How the verdict of a check changed, with the heading of such changes in reports."""

    UNSUPPORTED = f"unsupported in {NEW}"
    ERROR = f"error in {NEW}, so without a verdict"
    NOT_RUN = f"not run in {NEW}"
    NOW_PASSED = f"passed in {NEW}, and without a verdict in {BASE}"
    NOW_FAILED = f"failed in {NEW}, and without a verdict in {BASE}"
    FLAKY = "different, but known to be flaky"
    NOT_SCORED = f"new failures that are not scored in {NEW}"
    KNOWN = f"new failures that are known in {NEW}"
    MENDED = "mended"
    NOT_REACHED = "passed, now not run because the server fails before"
    FAILED = "new failures"

    @property
    def is_worse(self) -> bool:
        """Whether a change of this kind means that the target got worse."""
        return self in (Kind.FAILED, Kind.NOT_REACHED)


OTHER_KINDS = {  # of changes to these verdicts, unless a server that passed fails, or the other way round
    Verdict.PASSED: Kind.NOW_PASSED,
    Verdict.FAILED: Kind.NOW_FAILED,
    Verdict.NOT_RUN: Kind.NOT_RUN,
    Verdict.UNSUPPORTED: Kind.UNSUPPORTED,
    Verdict.ERROR: Kind.ERROR,
}


class Pair(NamedTuple):
    """A target over a family.

    Attributes:
        target: The target as the user named it.
        family: The socket family.
    """

    target: str
    family: Family


@dataclass(frozen=True)
class Change:
    """A check of a target over a family whose verdict is another one in NEW.

    Attributes:
        base: Outcome in BASE.
        new: Outcome in NEW.
        kind: How the verdict changed.
    """

    base: Outcome
    new: Outcome
    kind: Kind


@dataclass(frozen=True)
class LevelChange:
    """A check whose level is another one in NEW.

    Attributes:
        check: Id of the check.
        base: Level in BASE.
        new: Level in NEW.
    """

    check: str
    base: Level
    new: Level


class VerdictChanges:
    """What changed between two runs of the suite.

    Attributes:
        documents: The two runs, keyed by BASE and NEW.
        compared: Number of verdicts that both runs have.
        changes: Changes of these verdicts, in the order of NEW.
        levels: Changes of the levels of checks, in the order of NEW.
        reworded: Ids of the checks whose requirement has another text in NEW, in the order of NEW; they may have become
            stricter.
        checks: For each run, the ids of the checks that only this run selected.
        pairs: For each run, the targets with families that have verdicts in this run only. Targets whose code could not
            be loaded in the other run are not among them.
        missing: For each run, the number of verdicts that the other run has, although both runs selected the check and
            the target over the family.
        no_longer_loaded: The targets that have verdicts in BASE and whose code could not be loaded in NEW, each with
            the reason.
        now_loaded: The targets for which it is the other way round.
    """

    def __init__(self, base: Document, new: Document) -> None:
        """Compare two runs.

        Raises:
            CallerError: The runs have no verdict in common.
        """
        self.documents = {BASE: base, NEW: new}
        old, now = ({one.identity: one for one in run.verdicts} for run in (base, new))
        pairs = {name: _pairs(run) for name, run in self.documents.items()}
        common = [identity for identity in now if identity in old]
        self.compared = len(common)
        self.changes = tuple(_changes((old[identity], now[identity]) for identity in common))
        self.levels = tuple(_level_changes(base, new))
        self.reworded = tuple(_reworded(base, new))
        self.checks = {BASE: _others(base.checks, new.checks), NEW: _others(new.checks, base.checks)}
        self.no_longer_loaded = _unloaded(new, pairs[BASE])
        self.now_loaded = _unloaded(base, pairs[NEW])
        loaded = self.no_longer_loaded.keys() | self.now_loaded.keys()
        self.pairs = {
            name: [pair for pair in _others(pairs[name], pairs[other]) if pair.target not in loaded]
            for name, other in ((BASE, NEW), (NEW, BASE))
        }
        both = pairs[BASE].keys() & pairs[NEW].keys()
        self.missing = {
            NEW: sum(_is_missing(one, now, other=new, both=both) for one in base.verdicts),
            BASE: sum(_is_missing(one, old, other=base, both=both) for one in new.verdicts),
        }
        if not common and not self.no_longer_loaded:
            raise _nothing_in_common(base, new)

    def of(self, kind: Kind) -> list[Change]:
        """Return the changes of a kind."""
        return [change for change in self.changes if change.kind is kind]

    @property
    def worse(self) -> list[Change]:
        """The checks that got worse."""
        return [change for change in self.changes if change.kind.is_worse]

    @property
    def is_worse(self) -> bool:
        """Whether a check got worse, or the code of a target can no longer be loaded."""
        return bool(self.worse or self.no_longer_loaded)


def _changes(outcomes: Iterable[tuple[Outcome, Outcome]]) -> Iterator[Change]:
    for base, new in outcomes:
        if base.verdict is not new.verdict:
            yield Change(base, new, _kind(base, new))


def _kind(base: Outcome, new: Outcome) -> Kind:
    """Return the kind of a change between two different verdicts."""
    if (base.flaky or new.flaky) and base.verdict in RUN and new.verdict in RUN:
        return Kind.FLAKY
    passed = base.verdict is Verdict.PASSED
    match new.verdict:
        case Verdict.FAILED if passed and new.level is Level.LATER:
            return Kind.NOT_SCORED
        case Verdict.FAILED if passed:
            return Kind.KNOWN if new.known else Kind.FAILED
        case Verdict.PASSED if base.verdict is Verdict.FAILED:
            return Kind.MENDED
        case Verdict.NOT_RUN if passed and _is_own_failure(new):
            return Kind.NOT_REACHED
    return OTHER_KINDS[new.verdict]


def _is_own_failure(outcome: Outcome) -> bool:
    """Whether a check that was not run fails a strict run, and no failed check says why, which would be compared."""
    return outcome.fails(strict=True) and not outcome.follows_from


def _level_changes(base: Document, new: Document) -> Iterator[LevelChange]:
    for check, description in new.checks.items():
        if check in base.checks and base.checks[check].level is not description.level:
            yield LevelChange(check, base.checks[check].level, description.level)


def _reworded(base: Document, new: Document) -> Iterator[str]:
    for check, description in new.checks.items():
        if check in base.checks and base.checks[check].requirement != description.requirement:
            yield check


def _pairs(run: Document) -> dict[Pair, None]:
    """Return the targets with their families, each once, in the order of the verdicts."""
    return dict.fromkeys(Pair(one.target, one.family) for one in run.verdicts)


def _others(these: Iterable[Key], those: Mapping[Key, object]) -> list[Key]:
    return [one for one in these if one not in those]


def _unloaded(run: Document, pairs_of_other: Iterable[Pair]) -> dict[str, str]:
    """Return the targets whose code could not be loaded in a run, but has verdicts in the other one."""
    loaded = {pair.target for pair in pairs_of_other}
    return {target: reason for target, reason in run.unusable.items() if target in loaded}


def _is_missing(outcome: Outcome, verdicts_of_other: Container[Identity], *, other: Document, both: set[Pair]) -> bool:
    """Whether the other run lacks a verdict, although it selected the check and the target over the family."""
    is_selected = outcome.check in other.checks and Pair(outcome.target, outcome.family) in both
    return is_selected and outcome.identity not in verdicts_of_other


def _nothing_in_common(base: Document, new: Document) -> CallerError:
    return CallerError(
        f"{BASE} has {plural(len(base.verdicts), 'verdict')} and {NEW} has {len(new.verdicts)}, but none in common",
        subject="nothing to compare",
        hint="target, family and check must be the same",
    )
