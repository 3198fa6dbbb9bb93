"""What one verdict is in one character, and what that character means."""

import enum
from collections import Counter
from collections.abc import Sequence

from upecho.conformance.check import Level
from upecho.conformance.run.outcome import Outcome, Verdict


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
    FLAKY = "~", "passed, but is known to be flaky", "cyan"
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
                return cls.FLAKY if outcome.known else cls.PASSED
            case Verdict.UNSUPPORTED:
                return cls.WORKS_ANYWAY if outcome.works_anyway else cls.UNSUPPORTED
            case Verdict.ERROR:
                return cls.ERROR
        if outcome.known:
            return cls.KNOWN
        return cls.FAILED if outcome.level == Level.MUST.value else cls.FAILED_SHOULD


OF_WHICH = {
    Mark.FAILED_SHOULD: "SHOULD",
    Mark.KNOWN: "known",
    Mark.FLAKY: "flaky",
    Mark.STALE: "stale",
    Mark.WORKS_ANYWAY: "work anyway",
}


def summary(outcomes: Sequence[Outcome], due: int) -> str:
    """Return how many checks were due, and how many came to which verdict; the parts add up, and are those of JSON."""
    parts = [_part([one for one in outcomes if one.verdict is verdict], verdict) for verdict in Verdict]
    if missing := due - len(outcomes):
        parts.append(f"{missing} without a verdict")
    return f"{due} check{'s' if due != 1 else ''} due: {', '.join(parts)}"


def _part(same: Sequence[Outcome], verdict: Verdict) -> str:
    """Return how many outcomes came to a verdict, and how many of these are worth a word."""
    marks = Counter(map(Mark.of, same))
    of_which = ", ".join(f"{marks[mark]} {word}" for mark, word in OF_WHICH.items() if marks[mark])
    return f"{len(same)} {verdict.value}" + (f" ({of_which})" if of_which else "")
