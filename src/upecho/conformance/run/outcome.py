"""What a check found out: never a bool; and the JSON document that keeps it.

The document is an object with these keys; a reader ignores those that it does not know, and ``version`` changes when
one of them changes its meaning or goes:

- ``schema``, ``version``: ``"upecho-verdicts"``, 1.
- ``upecho``, ``python``, ``platform``: what the suite ran on, each as text.
- ``due``: how many verdicts there had to be; the run was cut short if there are fewer.
- ``counts``: how many there are, by the four values of ``Verdict``. What is known of a target changes none of these: a
  known failure that fails is counted as failed, and one that passes, which is stale unless it is flaky, as passed.
- ``checks``: by id, an object of ``topic``, ``level``, ``requirement`` and ``source`` for each check asked for.
- ``verdicts``: a list of objects, sorted by target, family and check, each with the attributes of ``Outcome``.
"""

import enum
import json
import platform
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from upecho import __version__
from upecho.conformance.check import Check, Level

SCHEMA = {"schema": "upecho-verdicts", "version": 1}
LABEL_WIDTH = 11  # of the label that each line of a detail begins with


class Verdict(enum.Enum):
    """The answer of one check about one target over one family."""

    PASSED = "passed"
    FAILED = "failed"
    UNSUPPORTED = "unsupported"  # the target declares that it does not offer this
    ERROR = "error"  # the harness could not do its work; says nothing about the target


@dataclass(frozen=True)
class Outcome:
    """One verdict, with all that is needed to understand it.

    Attributes:
        target: as the user named it.
        family: the socket family's name.
        check: the id.
        level: the level's name.
        verdict: the answer.
        detail: what was expected and seen, or what the target declares; empty when passed.
        seconds: how long it took.
        recorded: the value and the unit that a check has measured; None if it measures nothing.
        works_anyway: the target declares that it does not offer this, and yet passed.
        known: why it is known to fail; empty if it is not.
        flaky: it is known to fail now and then only.
        expected: what was expected instead of what was seen; empty unless it failed.
        seen: what was seen.
    """

    target: str
    family: str
    check: str
    level: str
    verdict: Verdict
    detail: str
    seconds: float
    recorded: tuple[float | str, str] | None = None
    works_anyway: bool = False
    known: str = ""
    expected: str = ""
    seen: str = ""
    flaky: bool = False

    @property
    def is_stale(self) -> bool:
        """Whether it is known to fail, and does not; what is flaky may pass."""
        unexpected = self.verdict is Verdict.UNSUPPORTED or (self.verdict is Verdict.PASSED and not self.flaky)
        return bool(self.known) and unexpected

    def fails(self, *, strict: bool) -> bool:
        """Whether it fails the run: a MUST check, and if strict a SHOULD, of which that is not known."""
        counts = self.level == Level.MUST.value or (strict and self.level == Level.SHOULD.value)
        return self.is_stale or (self.verdict is Verdict.FAILED and counts and not self.known)

    def to_dict(self) -> dict[str, Any]:
        """Return the outcome in types that JSON knows."""
        return asdict(self) | {"verdict": self.verdict.value}

    def to_json(self) -> str:
        """Return the outcome as one line of JSON."""
        return json.dumps(self.to_dict())

    @classmethod
    def from_json(cls, line: str) -> Self:
        """Read what to_json wrote."""
        fields = json.loads(line)
        recorded = tuple(fields["recorded"]) if fields["recorded"] else None
        return cls(**fields | {"verdict": Verdict(fields["verdict"]), "recorded": recorded})


def document(outcomes: Sequence[Outcome], due: int, checks: Iterable[Check]) -> str:
    """Return the JSON document that is described above."""
    counts = Counter(one.verdict for one in outcomes)
    about = ("topic", "level", "requirement", "source")
    content = SCHEMA | {
        "upecho": __version__,
        "python": f"{platform.python_implementation()} {sys.version.partition(' (')[0]}",
        "platform": platform.platform(),
        "due": due,
        "counts": {verdict.value: counts[verdict] for verdict in Verdict},
        "checks": {
            check.id: {key: getattr(check, key) for key in about} | {"level": check.level.value} for check in checks
        },
        "verdicts": [one.to_dict() for one in outcomes],
    }
    return json.dumps(content, indent=1)
