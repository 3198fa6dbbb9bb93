"""What a check found out: never a bool."""

import enum
import json
from dataclasses import asdict, dataclass
from typing import Any, Self

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
