"""``upecho check``: whether servers behave."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from upecho import client, deadlines, registry, saving
from upecho.address import Family
from upecho.cli.console import console
from upecho.cli.parameters import CheckName, FamilyName, TargetName
from upecho.cli.steps import Steps
from upecho.conformance.catalogue import catalogue
from upecho.conformance.levels import Check, Level
from upecho.conformance.runner import Runner
from upecho.conformance.selection import chosen, is_due
from upecho.conformance.verdicts import SCHEMA, Outcome, Verdict
from upecho.conformance.wire import PATIENCE_SECONDS
from upecho.errors import CallerError, HarnessError, TargetError
from upecho.report.verdicts import verdicts
from upecho.target import Kind, Target

Pairs = Sequence[tuple[Target, Family]]

PIPED_WIDTH = 100  # columns of a report that goes to a file or a program


@click.command()
@click.argument("targets", metavar="TARGET...", nargs=-1, required=True, type=TargetName())
@click.option("--family", "families", multiple=True, type=FamilyName(), help="Repeatable; default: all there are.")
@click.option("--check", "ids", multiple=True, metavar="ID", type=CheckName(), help="Run this check only; repeatable.")
@click.option("--strict", is_flag=True, help="Let failed SHOULD checks count.")
@click.option(
    "--max-clients", type=click.IntRange(min=1), help="How many clients a target serves at once, if it does not say."
)
@click.option("--jobs", type=click.IntRange(min=1), help="Targets and families to check at a time.")
@click.option("--json", "file", type=click.Path(path_type=Path), metavar="FILE", help="Write the verdicts to FILE.")
def command(
    targets: tuple[str, ...],
    families: tuple[str, ...],
    ids: tuple[str, ...],
    strict: bool,
    max_clients: int | None,
    jobs: int | None,
    file: Path | None,
) -> int:
    """Run the conformance suite against servers.

    \b
    upecho check selectors asyncio+uvloop
    upecho check 127.0.0.1:9000
    upecho check unix:/tmp/x.sock --check half-close

    TARGET is NAME, NAME+LOOP or module:attribute, which are started and stopped; the address of a server that runs;
    or cmd:COMMAND with {address} where the command expects it. Exit status: 1 if a MUST check failed.
    """  # noqa: D301 (\b is click's mark for lines that stay as they are)
    if file:
        saving.check(file)
    deadlines.seconds(1)  # if it is set wrongly, then here is where that is said
    checks = _checks(ids)
    pairs = chosen(targets, families, max_clients)
    _expect_listeners(pairs)
    due = sum(is_due(check, *pair) for pair in pairs for check in checks)
    if not due:
        raise CallerError("none of these checks is due for these targets and families")
    options = [f"--check={check.id}" for check in checks] if ids else []
    if max_clients is not None:
        options.append(f"--max-clients={max_clients}")
    outcomes = _run(Runner(pairs, options, jobs), due)
    terminal = console(PIPED_WIDTH)
    names = [target.text for target, _ in pairs]
    terminal.print(verdicts(outcomes, checks, names, due, terminal.width))
    _tell_not_due(checks, pairs)
    if file:
        saving.save(file, json.dumps(SCHEMA | {"due": due, "verdicts": [one.to_dict() for one in outcomes]}, indent=1))
    return exit_status(outcomes, due, strict=strict)


def exit_status(outcomes: Sequence[Outcome], due: int, *, strict: bool) -> int:
    """Return 0 if all is well, 1 if a check failed that counts, 3 if a due check came to no verdict."""
    if len(outcomes) < due or any(one.verdict is Verdict.ERROR for one in outcomes):
        return HarnessError.exit_status
    counting = {Level.MUST.value, Level.SHOULD.value} if strict else {Level.MUST.value}
    failed = any(one.verdict is Verdict.FAILED and one.level in counting for one in outcomes)
    return TargetError.exit_status if failed else 0


def _checks(ids: Sequence[str]) -> list[Check]:
    every = catalogue()
    known = [check.id for check in every]
    for name in ids:
        if name not in known:
            raise CallerError(registry.unknown("check", name, known))
    return [check for check in every if not ids or check.id in ids]


def _expect_listeners(pairs: Pairs) -> None:
    """Make sure that somebody listens at each address, so that nobody's absence is taken for a failed check."""
    for target, _ in pairs:
        if target.kind is Kind.ADDRESS:
            client.connect(target.address(), deadlines.seconds(PATIENCE_SECONDS)).close()


def _run(runner: Runner, due: int) -> list[Outcome]:
    outcomes = []
    with Steps(due) as steps:
        for outcome in runner.outcomes():
            outcomes.append(outcome)
            steps.show(f"checking {outcome.target} over {outcome.family}", outcome.check)
            steps.advance()
    return outcomes


def _tell_not_due(checks: Sequence[Check], pairs: Pairs) -> None:
    for target, family in pairs:
        count = sum(check.process and family in check.families for check in checks)
        if count and target.kind is Kind.ADDRESS:
            print(f"{count} checks need the process of {target.text} and were not due", file=sys.stderr)
