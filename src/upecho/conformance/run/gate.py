"""The conformance gate of a comparison: a server that fails a MUST check about serving is not measured."""

from collections.abc import Callable, Sequence

from upecho.conformance.catalogue import catalogue
from upecho.conformance.check import Check
from upecho.conformance.run.runner import Runner
from upecho.conformance.run.verdicts.outcome import Outcome, Verdict
from upecho.net.address import Family
from upecho.processes.interpreter import Interpreter
from upecho.serving.target import Kind, Target
from upecho.support.errors import HarnessError

QUICK_SECONDS = 0.2  # the checks that take longer are a third of all, and take two thirds of the time


def demanded(*, quickly: bool = False) -> list[Check]:
    """Return the checks that a server has to pass before it is measured.

    Args:
        quickly: Whether to leave out those that take long.
    """
    return [check for check in catalogue() if check.gate and not (quickly and check.seconds > QUICK_SECONDS)]


def failing(  # noqa: PLR0913 (what to check, with what, and whom to tell)
    targets: Sequence[Target],
    families: Sequence[Family],
    progress: Callable[[str], None],
    *,
    on_failure: Callable[[Outcome], None],
    checks: Sequence[Check],
    python: Interpreter | None = None,
) -> dict[tuple[str, Family], list[str]]:
    """Return the ids of the demanded checks that each target fails over each family.

    The first failed check settles that a target is not measured over a family, so it ends the checks of that pair. This
    bounds the time that a server can cost which answers nobody.

    Args:
        targets: The targets.
        families: The families to check each target over; a command or an address is left out where it cannot be.
        progress: Called after each check with a few words about it.
        on_failure: Called after each check that failed.
        checks: The demanded checks.
        python: The interpreter that runs the servers; None means this one.

    Returns:
        The failed checks by target and family: one, or several that ended at the same time. A target that passes all of
        them over a family is left out.

    Raises:
        HarnessError: A check could not be carried out.
    """
    failed: dict[tuple[str, Family], list[str]] = {}
    pairs = [(one, family) for one in targets for family in families if _is_checked_over(one, family)]
    runner = Runner(pairs, checks, python=python)
    for outcome in runner.outcomes():
        progress(f"{outcome.target} over {outcome.family}: {outcome.check}")
        if outcome.fault:
            raise HarnessError(f"the check {outcome.check} could not be carried out: {outcome.fault.message}")
        if outcome.verdict in (Verdict.FAILED, Verdict.NOT_RUN):
            failed.setdefault((outcome.target, outcome.family), []).append(outcome.check)
            on_failure(outcome)
            runner.cancel(outcome.target, outcome.family)
    return failed


def _is_checked_over(target: Target, family: Family) -> bool:
    """Whether a target is checked over a family; the checks say themselves what an implementation does not support."""
    return target.kind is Kind.IMPLEMENTATION or family in target.families
