"""The one-character mark of an outcome, and the line of totals."""

import enum
from collections import Counter
from collections.abc import Sequence

from upecho.conformance.check import Level
from upecho.conformance.run.verdicts.outcome import Outcome, Verdict
from upecho.support.text import plural


class Mark(enum.Enum):
    """How an outcome is shown; each outcome has exactly one mark.

    Attributes:
        character: The mark in a cell of the matrix.
        meaning: What the mark means, as shown below the matrix.
        style: Its style on a terminal.
    """

    PASSED = ".", "passed", "green"
    FAILED = "F", "failed", "bold red"
    FAILED_SHOULD = "f", "failed SHOULD", "yellow"
    FAILED_LATER = "l", "failed, but is later than the suite's revision and not scored", "dim"
    KNOWN = "x", "known failure", "cyan"
    FLAKY = "~", "passed, known to be flaky", "cyan"
    STALE = "!", "known failure that no longer fails", "bold red"
    NOT_RUN = "-", "not run", "yellow"
    UNSUPPORTED = "u", "unsupported", "blue"
    WORKS_ANYWAY = "U", "declared unsupported, but works", "bold blue"
    ERROR = "E", "error", "bold magenta"

    def __init__(self, character: str, meaning: str, style: str) -> None:
        self.character = character
        self.meaning = meaning
        self.style = style

    @classmethod
    def of(cls, outcome: Outcome) -> "Mark":
        """Return the mark of an outcome."""
        if outcome.is_stale:
            return cls.STALE
        match outcome.verdict:
            case Verdict.PASSED:
                return cls.FLAKY if outcome.known else cls.PASSED
            case Verdict.UNSUPPORTED:
                return cls.WORKS_ANYWAY if outcome.works_anyway else cls.UNSUPPORTED
            case Verdict.ERROR:
                return cls.ERROR
        return cls._of_failure(outcome)

    @classmethod
    def _of_failure(cls, outcome: Outcome) -> "Mark":
        if outcome.known:
            return cls.KNOWN
        if outcome.verdict is Verdict.NOT_RUN:
            return cls.NOT_RUN
        return OF_LEVEL[outcome.level]


OF_LEVEL = {Level.MUST: Mark.FAILED, Level.SHOULD: Mark.FAILED_SHOULD, Level.LATER: Mark.FAILED_LATER}  # failed checks
QUALIFIERS = {
    Mark.FAILED_SHOULD: "SHOULD",
    Mark.FAILED_LATER: "not scored",
    Mark.KNOWN: "known",
    Mark.FLAKY: "flaky",
    Mark.STALE: "stale",
    Mark.WORKS_ANYWAY: "work anyway",
}


def summary(outcomes: Sequence[Outcome], due: int, suite: str) -> str:
    """Return the line of totals: how many checks were due, and the number of each verdict, as in the JSON document.

    Args:
        outcomes: The outcomes.
        due: Number of verdicts of a complete run.
        suite: The revision of the suite; empty if there is none.
    """
    by_verdict = {verdict: [one for one in outcomes if one.verdict is verdict] for verdict in Verdict}
    if not by_verdict[Verdict.NOT_RUN]:
        del by_verdict[Verdict.NOT_RUN]
    parts = [_part(same, verdict) for verdict, same in by_verdict.items()]
    if missing := due - len(outcomes):
        parts.append(f"{missing} without a verdict")
    return f"{plural(due, 'check')} due: {', '.join(parts)}" + (f"; suite {suite}" if suite else "")


def _part(same: Sequence[Outcome], verdict: Verdict) -> str:
    """Return the number of outcomes with a verdict, and how many of them need a qualification."""
    marks = Counter(map(Mark.of, same))
    qualified = ", ".join(f"{marks[mark]} {word}" for mark, word in QUALIFIERS.items() if marks[mark])
    return f"{len(same)} {verdict}" + (f" ({qualified})" if qualified else "")
