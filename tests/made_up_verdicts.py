"""Verdicts of runs that were never made; each test chooses the outcomes in them."""

from collections.abc import Mapping, Sequence
from typing import Any

from upecho.conformance.check import Check, Level
from upecho.conformance.findings import Event, Explanation, Wire
from upecho.conformance.run.verdicts.document import Document
from upecho.conformance.run.verdicts.outcome import Outcome, Verdict
from upecho.net.address import Family

EXPLANATION = Explanation(
    "FIN after 3 bytes",
    "RST after 2 bytes",
    wire=Wire((Event(0.25, "client 1: RST"),)),
    stderr=("bye",),
    repeat="upecho check t --family inet --check half-close",
)


def outcome(
    check: str = "half-close",
    verdict: Verdict = Verdict.PASSED,
    *,
    target: str = "t",
    family: Family = Family.INET,
    level: Level = Level.MUST,
    **more: Any,
) -> Outcome:
    """Return an outcome; a failed one has an explanation, and one that is not run has a cause as well."""
    if verdict in (Verdict.FAILED, Verdict.NOT_RUN):
        more = {"explanation": EXPLANATION} | more
    if verdict is Verdict.NOT_RUN:
        more = {"cause": "the server has ended"} | more
    return Outcome(target, family, check, level, verdict, 0.5, **more)


def check(id_: str, level: Level = Level.MUST) -> Check:
    """Return the description of a check."""
    return Check(id_, "connection end", level, f"The server does {id_}.", "RFC 9293 section 3.6.")


def document(
    outcomes: Sequence[Outcome], *, due: int | None = None, unusable: Mapping[str, str] | None = None
) -> Document:
    """Return the document about a run that selected the checks of the outcomes.

    Args:
        outcomes: The outcomes.
        due: Number of verdicts of a complete run; None for the number of outcomes.
        unusable: The targets whose code could not be loaded, each with the reason.
    """
    levels = {one.check: one.level for one in outcomes}
    checks = [check(id_, level) for id_, level in levels.items()]
    return Document.of(outcomes, len(outcomes) if due is None else due, checks=checks, unusable=unusable)
