"""The conformance checks that precede the measurements of ``upecho bench``."""

from collections.abc import Sequence
from dataclasses import replace

import click

from upecho.cli.progress import Steps
from upecho.conformance.check import Check
from upecho.conformance.run.gate import demanded, failing
from upecho.conformance.run.selection import is_due
from upecho.conformance.run.verdicts.outcome import Outcome
from upecho.measure.plan.cell_plan import PlannedCell
from upecho.net.address import Family
from upecho.processes.interpreter import Interpreter
from upecho.report.layout import cut
from upecho.serving.target import Target

MAX_LENGTH = 240  # characters of the reason why a check failed

Failed = dict[tuple[str, Family, Interpreter | None], list[str]]


def checked(cells: Sequence[PlannedCell], *, quickly: bool = False) -> list[PlannedCell]:
    """Return the cells with the checks that their targets fail.

    Every target is checked over every family of the run, under each interpreter that it is measured with.

    Args:
        cells: The cells.
        quickly: Whether to leave out the checks that take long.

    Raises:
        HarnessError: A check could not be carried out.
    """
    usable = [one for one in cells if not one.unusable]
    targets: dict[Interpreter | None, dict[str, Target]] = {}
    for one in usable:
        targets.setdefault(one.interpreter, {})[one.target.text] = one.target
    families = list(dict.fromkeys(one.cell.family for one in usable))
    failed = _failed(targets, families, demanded(quickly=quickly))
    return [
        replace(one, failed_checks=tuple(failed.get((one.cell.target, one.cell.family, one.interpreter), ())))
        for one in cells
    ]


def _failed(
    targets: dict[Interpreter | None, dict[str, Target]], families: Sequence[Family], checks: Sequence[Check]
) -> Failed:
    """Return the ids of the failed checks by target, family and interpreter."""
    count = sum(
        is_due(check, target, family)
        for by_name in targets.values()
        for target in by_name.values()
        for family in families
        for check in checks
    )
    found: Failed = {}
    failures: list[Outcome] = []
    with Steps(count) as steps:

        def progress(step: str) -> None:
            steps.show("checking conformance", step)
            steps.advance()

        for interpreter, by_name in targets.items():
            failed = failing(
                list(by_name.values()),
                families,
                progress,
                on_failure=failures.append,
                checks=checks,
                python=interpreter,
            )
            found.update({(target, family, interpreter): ids for (target, family), ids in failed.items()})
    for outcome in failures:
        click.echo(f"{outcome.target} over {outcome.family} fails {outcome.check}: {_reason(outcome)}", err=True)
    return found


def _reason(outcome: Outcome) -> str:
    """Return why a check failed, in one line."""
    found = outcome.explanation
    text = f"expected {found.expected}, but: {found.seen}" if found else outcome.cause
    return cut(" ".join(text.split()), MAX_LENGTH)
