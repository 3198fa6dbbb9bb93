"""The verdict of a check of one target over one family."""

import enum
import json
from dataclasses import asdict, dataclass, field
from typing import Self

from upecho.conformance.check import Level
from upecho.conformance.findings import Explanation, Fault, Recorded
from upecho.net.address import Family
from upecho.support import decoding

PROPERTY = "upecho"  # of a pytest report, and of a test case in a JUnit file: the outcome as JSON


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
        link: Where more about the known failure is found; empty if nowhere.
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
    link: str = field(default="", metadata={decoding.ADDED_LATER: True})

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
