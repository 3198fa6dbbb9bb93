"""The gate before a comparison: which targets fail a MUST check of how they serve, and have no claim to be fast."""

from collections.abc import Callable, Sequence

from upecho.conformance.catalogue import catalogue
from upecho.conformance.check import Check, Level
from upecho.conformance.run.outcome import Verdict
from upecho.conformance.run.runner import Runner
from upecho.conformance.run.selection import chosen
from upecho.net.address import Family
from upecho.processes.interpreter import Interpreter
from upecho.support.errors import HarnessError

LEFT_OUT = "start stop"  # the topic whose checks are about no moment in which a server is measured


def demanded() -> list[Check]:
    """Return the checks that a server has to pass: what MUST hold while it serves."""
    return [check for check in catalogue() if check.level is Level.MUST and check.topic != LEFT_OUT]


def failing(
    targets: Sequence[str],
    families: Sequence[Family],
    progress: Callable[[str], None],
    python: Interpreter | None = None,
) -> dict[tuple[str, Family], list[str]]:
    """Return the ids of those checks that each target fails over each family; who fails none is not in it.

    ``progress`` is told about each outcome in a few words; ``python`` runs the servers, this interpreter by default.

    Raises:
        HarnessError: a check could not be carried out.
    """
    failed: dict[tuple[str, Family], list[str]] = {}
    pairs = chosen(targets, [family.value for family in families])
    for outcome in Runner(pairs, demanded(), python=python).outcomes():
        progress(f"{outcome.target} over {outcome.family}: {outcome.check}")
        if outcome.verdict is Verdict.ERROR:
            raise HarnessError(f"the check {outcome.check} could not be carried out: {outcome.detail}")
        if outcome.verdict is Verdict.FAILED:
            failed.setdefault((outcome.target, Family(outcome.family)), []).append(outcome.check)
    return failed
