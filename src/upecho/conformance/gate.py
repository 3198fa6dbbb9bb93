"""The gate before a comparison: which targets fail a MUST check, and so have no claim to be fast."""

from collections.abc import Callable, Sequence

from upecho.address import Family
from upecho.conformance.levels import Level
from upecho.conformance.runner import Runner
from upecho.conformance.selection import chosen
from upecho.conformance.verdicts import Verdict
from upecho.errors import HarnessError


def failing(
    targets: Sequence[str], families: Sequence[Family], progress: Callable[[str], None]
) -> dict[tuple[str, Family], list[str]]:
    """Return the ids of the MUST checks that each target fails over each family; who fails none is not in it.

    ``progress`` is told about each outcome in a few words.

    Raises:
        HarnessError: a check could not be carried out.
    """
    failed: dict[tuple[str, Family], list[str]] = {}
    for outcome in Runner(chosen(targets, [family.value for family in families])).outcomes():
        progress(f"{outcome.target} over {outcome.family}: {outcome.check}")
        if outcome.verdict is Verdict.ERROR:
            raise HarnessError(f"the check {outcome.check} could not be carried out: {outcome.detail}")
        if outcome.verdict is Verdict.FAILED and outcome.level == Level.MUST.value:
            failed.setdefault((outcome.target, Family(outcome.family)), []).append(outcome.check)
    return failed
