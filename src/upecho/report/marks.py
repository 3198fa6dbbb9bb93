"""What one verdict is in one character, and what that character means."""

import enum
from collections import Counter
from collections.abc import Sequence

from upecho.conformance.levels import Level
from upecho.conformance.verdicts import Outcome, Verdict


class Mark(enum.Enum):
    """What a verdict comes to; each outcome is exactly one of these.

    Attributes:
        character: how it is shown where there is no room.
        meaning: what the character means.
        style: its colour on a terminal.
    """

    PASSED = ".", "passed", "green"
    FAILED = "F", "failed", "bold red"
    FAILED_SHOULD = "f", "failed SHOULD", "yellow"
    KNOWN = "x", "known failure", "cyan"
    STALE = "!", "no longer fails as known", "bold red"
    UNSUPPORTED = "u", "unsupported", "blue"
    WORKS_ANYWAY = "U", "unsupported, but works", "bold blue"
    ERROR = "E", "error", "bold magenta"

    def __init__(self, character: str, meaning: str, style: str) -> None:
        self.character = character
        self.meaning = meaning
        self.style = style

    @classmethod
    def of(cls, outcome: Outcome) -> "Mark":
        """Return what an outcome comes to."""
        if outcome.is_stale:
            return cls.STALE
        match outcome.verdict:
            case Verdict.PASSED:
                return cls.PASSED
            case Verdict.UNSUPPORTED:
                return cls.WORKS_ANYWAY if outcome.works_anyway else cls.UNSUPPORTED
            case Verdict.ERROR:
                return cls.ERROR
        if outcome.known:
            return cls.KNOWN
        return cls.FAILED if outcome.level == Level.MUST.value else cls.FAILED_SHOULD


def summary(outcomes: Sequence[Outcome], due: int) -> str:
    """Return how many checks were due, and how many of them came to what; the parts add up."""
    counts = Counter(map(Mark.of, outcomes))
    failed = counts[Mark.FAILED] + counts[Mark.FAILED_SHOULD]
    unsupported = counts[Mark.UNSUPPORTED] + counts[Mark.WORKS_ANYWAY]
    parts = [
        f"{counts[Mark.PASSED]} passed",
        f"{failed} failed" + _of_which(counts[Mark.FAILED_SHOULD], "SHOULD"),
        f"{unsupported} unsupported" + _of_which(counts[Mark.WORKS_ANYWAY], "work anyway"),
        f"{counts[Mark.ERROR]} error",
    ]
    if known := counts[Mark.KNOWN]:
        parts.append(f"{known} known failure{'s' if known != 1 else ''}")
    if stale := counts[Mark.STALE]:
        parts.append(f"{stale} stale")
    if missing := due - len(outcomes):
        parts.append(f"{missing} without a verdict")
    return f"{due} check{'s' if due != 1 else ''} due: {', '.join(parts)}"


def _of_which(count: int, what: str) -> str:
    return f" ({count} {what})" if count else ""
