"""The verdicts of a run as a JSON document, and the file that keeps it.

The document is an object whose keys are ``schema``, which is ``"upecho-verdicts"``, ``version``, and the attributes of
``Document``. Objects in it have the attributes of ``DescribedCheck``, of ``Outcome``, and of the classes in
``upecho.conformance.findings``. A reader ignores keys that it does not know; ``version`` changes when a key is removed
or changes its meaning.
"""

import json
import platform
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from upecho import __version__
from upecho.conformance.check import Check, Level
from upecho.conformance.run.verdicts.outcome import Identity, Outcome, Verdict
from upecho.processes.interpreter import Interpreter, described
from upecho.support import json_document
from upecho.support.decoding import ADDED_LATER, build
from upecho.support.errors import HarnessError, TargetError

FORMAT = json_document.Format(
    name="verdicts file",
    schema="upecho-verdicts",
    version=2,
    writer="upecho check --json",
    again="check again with upecho check --json",
)
# How earlier versions of upecho named a free-threaded build.
EARLIER_NAME = re.compile(r"(\S+) (\S+)(?: experimental)? free-threading build")


@dataclass(frozen=True)
class DescribedCheck:
    """What the document says about a check.

    Attributes:
        topic: Subject of the check, in one to three words.
        level: Weight of a failure.
        requirement: What a server has to do, in one sentence.
        source: Standard or manual page that the requirement follows from.
        clients: Number of clients that a server has to serve at the same time.
    """

    topic: str
    level: Level
    requirement: str
    source: str
    clients: int

    @classmethod
    def of(cls, check: Check) -> Self:
        """Describe a check."""
        return cls(check.topic, check.level, check.requirement, source=check.source, clients=check.clients)


@dataclass(frozen=True)
class Document:
    """The verdicts of a run, complete or cut short.

    Attributes:
        upecho: Version of upecho that ran the suite.
        python: Implementation and version of the Python that ran the suite, and whether it is free-threaded.
        platform: Operating system that ran the suite, with its version and the architecture.
        due: Number of verdicts of a complete run; the run was cut short if there are fewer.
        counts: Number of verdicts, for each of their five values. Known failures do not change these numbers: a known
            failure that fails is counted as failed, and one that passes as passed. A check that is not run has a
            ``cause``; ``follows_from`` names the failed checks that the cause consists of, and if all of these are
            known, the check counts as known, too.
        checks: The checks that were selected, keyed by id, in the order of the suite.
        unusable: The targets that were not checked because their code could not be loaded, each with the reason.
        verdicts: The verdicts, sorted by target, family and check.
        suite: Revision of the suite that the levels are those of; empty if they are those of no revision, because the
            suite has changed since the last one. Checks of the level LATER are not scored.
    """

    upecho: str
    python: str
    platform: str
    due: int
    counts: Mapping[Verdict, int]
    checks: Mapping[str, DescribedCheck]
    unusable: Mapping[str, str]
    verdicts: tuple[Outcome, ...]
    suite: str = field(default="", metadata={ADDED_LATER: True})

    @classmethod
    def of(
        cls,
        outcomes: Sequence[Outcome],
        due: int,
        *,
        checks: Iterable[Check],
        unusable: Mapping[str, str] | None = None,
        suite: str = "",
    ) -> Self:
        """Return the document about a run of this upecho on this system.

        Args:
            outcomes: The outcomes, in the order of the document.
            due: Number of verdicts of a complete run.
            checks: The checks that were selected.
            unusable: The targets that were not checked because their code could not be loaded, each with the reason.
            suite: Revision of the suite; empty if there is none.
        """
        return cls(
            upecho=__version__,
            python=Interpreter.here().version,
            platform=platform.platform(),
            due=due,
            counts=_counts(outcomes),
            checks={check.id: DescribedCheck.of(check) for check in checks},
            unusable=dict(unusable or {}),
            verdicts=tuple(outcomes),
            suite=suite,
        )

    def exit_status(self, *, strict: bool) -> int:
        """Return 0 if all is well, 1 if a target or an outcome fails the run, 3 if a scored check has no verdict.

        Args:
            strict: Whether a failed SHOULD check fails the run.
        """
        scored_errors = (one.verdict is Verdict.ERROR for one in self.verdicts if one.level is not Level.LATER)
        if len(self.verdicts) < self.due or any(scored_errors):
            return HarnessError.exit_status
        failed = self.unusable or any(one.fails(strict=strict) for one in self.verdicts)
        return TargetError.exit_status if failed else 0

    def to_json(self) -> str:
        """Return the document as JSON."""
        return json.dumps(FORMAT.head | asdict(self), indent=1)

    @classmethod
    def from_document(cls, document: Any) -> Self:
        """Read what ``to_json`` wrote, after it was read as JSON.

        Raises:
            CallerError: The document is something else, of another version, incomplete, or contradicts itself.
        """
        content = FORMAT.content(document)
        try:
            read = build(cls, content, ignore_unknown=True)
        except ValueError as error:
            raise FORMAT.invalid(str(error)) from None
        read = replace(read, python=EARLIER_NAME.sub(lambda found: described(*found.groups(), gil=False), read.python))
        if contradiction := next(read._contradictions(), ""):
            raise FORMAT.invalid(contradiction)
        return read

    def _contradictions(self) -> Iterator[str]:
        """Yield what no run can have produced."""
        identities: set[Identity] = set()
        for number, one in enumerate(self.verdicts):
            where = f"verdicts[{number}]"
            if one.check not in self.checks:
                yield f"{where} is about the check {one.check!r}, which is not described"
            elif one.level is not self.checks[one.check].level:
                yield f"{where}.level is {one.level}, but the level of {one.check} is {self.checks[one.check].level}"
            if one.identity in identities:
                yield f"{where} is another verdict of {one.check} for {one.target} over {one.family}"
            if one.seconds < 0:
                yield f"{where}.seconds is {one.seconds}, which is less than 0"
            identities.add(one.identity)
        if self.due < len(self.verdicts):
            yield f"due is {self.due}, but there are {len(self.verdicts)} verdicts"
        if dict(self.counts) != _counts(self.verdicts):
            yield "counts are not those of the verdicts"


def _counts(outcomes: Iterable[Outcome]) -> dict[Verdict, int]:
    counts = Counter(one.verdict for one in outcomes)
    return {verdict: counts[verdict] for verdict in Verdict}


def read_verdicts(path: Path) -> Document:
    """Read a file of verdicts, as ``upecho check --json`` writes it.

    Raises:
        CallerError: The file does not exist, is something else, of another version, incomplete, without end, or
            contradicts itself.
    """
    with json_document.naming(path, json_document.written_by(FORMAT.writer)):
        return Document.from_document(json_document.read(path, FORMAT.name))
