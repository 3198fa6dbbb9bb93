"""The verdict of a check, and the JSON document that contains the verdicts of a run.

The document is an object with the keys below. A reader ignores keys that it does not know; ``version`` changes when a
key is removed or changes its meaning.

- ``schema``, ``version``: ``"upecho-verdicts"`` and 2.
- ``upecho``, ``python``, ``platform``: The versions of upecho, Python and the operating system that ran the suite.
- ``due``: Number of verdicts of a complete run; the run was cut short if there are fewer.
- ``counts``: Number of verdicts by their five values. Known failures do not change these numbers: a known failure that
  fails is counted as failed, and one that passes as passed. A check that is not run has a ``cause``; ``follows_from``
  names the failed checks that the cause consists of, and if all of these are known, the check counts as known, too.
- ``checks``: The checks that were selected, by id: an object with ``topic``, ``level``, ``requirement``, ``source`` and
  ``clients`` (the number of clients that a server has to serve at the same time).
- ``unusable``: The targets that were not checked because their code could not be loaded, each with the reason.
- ``verdicts``: The verdicts, sorted by target, family and check: objects with the attributes of ``Outcome``, in which
  ``explanation``, ``fault`` and ``recorded`` are null or have the attributes of the classes in
  ``upecho.conformance.findings``.
"""

import enum
import json
import platform
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from upecho import __version__
from upecho.conformance.check import Check, Level
from upecho.conformance.findings import Explanation, Fault, Recorded
from upecho.net.address import Family
from upecho.support import decoding

SCHEMA = {"schema": "upecho-verdicts", "version": 2}
PROPERTY = "upecho"  # of a pytest report, and of a test case in a JUnit file: the outcome as JSON
DESCRIBED = ("topic", "level", "requirement", "source", "clients")  # attributes of a check in the document


class Verdict(enum.StrEnum):
    """The result of one check of one target over one family."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_RUN = "not run"  # the target failed before the point that the check judges
    UNSUPPORTED = "unsupported"  # the target declares that it lacks what the check needs, or this system lacks it
    ERROR = "error"  # upecho could not carry out the check, which says nothing about the target


@dataclass(frozen=True)
class Identity:
    """What a verdict is about.

    Attributes:
        target: The target as the user named it.
        family: The socket family that the check used.
        check: The id of the check.
    """

    target: str
    family: Family
    check: str


@dataclass(frozen=True)
class Outcome:
    """One verdict with everything that is needed to understand it.

    Attributes:
        target: The target as the user named it.
        family: The socket family that the check used.
        check: The id of the check.
        level: The level of the check.
        verdict: The verdict.
        seconds: Duration of the check in seconds.
        explanation: Why the server did not meet the requirement; None if it did. An INFO check cannot fail: its
            verdict is ``passed`` even if it has an explanation.
        unsupported: What the target declares, or what this system lacks; empty unless the verdict is ``unsupported``.
        cause: What kept the check from reaching the point that it judges; empty unless the verdict is ``not run``.
        follows_from: Ids of the failed checks that are the cause; empty if no other check is known to be.
        works_anyway: Whether the check succeeded although the target declares that it does not support it.
        fault: What kept upecho from a verdict; None unless the verdict is ``error``.
        recorded: What an INFO check observed; None for any other check.
        known: Why the check is known to fail; empty if it is not a known failure.
        flaky: Whether the known failure occurs only sometimes.
    """

    target: str
    family: Family
    check: str
    level: Level
    verdict: Verdict
    seconds: float
    explanation: Explanation | None = None
    unsupported: str = ""
    cause: str = ""
    follows_from: tuple[str, ...] = ()
    works_anyway: bool = False
    fault: Fault | None = None
    recorded: Recorded | None = None
    known: str = ""
    flaky: bool = False

    @property
    def identity(self) -> Identity:
        """What the verdict is about."""
        return Identity(self.target, self.family, self.check)

    @property
    def is_stale(self) -> bool:
        """Whether a known failure did not occur; a flaky one may pass."""
        unexpected = self.verdict is Verdict.UNSUPPORTED or (self.verdict is Verdict.PASSED and not self.flaky)
        return bool(self.known) and unexpected

    def fails(self, *, strict: bool) -> bool:
        """Return whether the outcome fails the run; with ``strict``, a failed SHOULD check does so, too."""
        counts = self.level is Level.MUST or (strict and self.level is Level.SHOULD)
        return self.is_stale or (self.verdict in (Verdict.FAILED, Verdict.NOT_RUN) and counts and not self.known)

    def to_json(self) -> str:
        """Return the outcome as one line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, line: str) -> Self:
        """Return the outcome that ``to_json`` wrote.

        Raises:
            ValueError: The line is not JSON, or not the JSON of an outcome.
        """
        return decoding.build(cls, json.loads(line))


def document(
    outcomes: Sequence[Outcome], due: int, checks: Iterable[Check], unusable: Mapping[str, str] | None = None
) -> str:
    """Return the JSON document described in this module."""
    counts = Counter(one.verdict for one in outcomes)
    content: dict[str, Any] = SCHEMA | {
        "upecho": __version__,
        "python": f"{platform.python_implementation()} {sys.version.partition(' (')[0]}",
        "platform": platform.platform(),
        "due": due,
        "counts": {verdict: counts[verdict] for verdict in Verdict},
        "checks": {check.id: {key: getattr(check, key) for key in DESCRIBED} for check in checks},
        "unusable": dict(unusable or {}),
        "verdicts": [asdict(one) for one in outcomes],
    }
    return json.dumps(content, indent=1)
