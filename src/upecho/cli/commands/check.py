"""``upecho check``: whether servers behave."""

from collections.abc import Sequence
from pathlib import Path

import click

from upecho.cli import check_notes
from upecho.cli.console import console
from upecho.cli.parameters import CheckName, FamilyName, TargetName
from upecho.cli.progress import Steps
from upecho.cli.signals import as_interrupts
from upecho.conformance.catalogue import catalogue
from upecho.conformance.check import Check
from upecho.conformance.harness.client import TIMEOUT_SECONDS
from upecho.conformance.run.known import Known, updated
from upecho.conformance.run.known_files import expect_writable, load, store
from upecho.conformance.run.outcome import Outcome, Verdict, document
from upecho.conformance.run.runner import Runner, expect_cores, expect_imports
from upecho.conformance.run.selection import Pairs, chosen, is_due
from upecho.net import connecting
from upecho.report.conformance.verdicts import verdicts
from upecho.serving.target import Kind, Target
from upecho.support import atomic_write, timeouts
from upecho.support.errors import CallerError, HarnessError, TargetError, UpechoError
from upecho.support.text import unknown_name

PIPED_WIDTH = 100  # columns of a report that goes to a file or a program


@click.command()
@click.argument("targets", metavar="TARGET...", nargs=-1, required=True, type=TargetName())
@click.option("--family", "families", multiple=True, type=FamilyName(), help="Repeatable; default: all there are.")
@click.option("--check", "ids", multiple=True, metavar="ID", type=CheckName(), help="Run this check only; repeatable.")
@click.option("--strict", is_flag=True, help="Let failed SHOULD checks count.")
@click.option(
    "--max-clients", type=click.IntRange(min=1), help="How many clients a target serves at once, if it does not say."
)
@click.option("--known", "directory", metavar="DIRECTORY", help="Of known failures.  [default: known, if there is one]")
@click.option("--write-known", is_flag=True, help="Make what fails now the known failures.")
@click.option("--jobs", type=click.IntRange(min=1), help="Targets and families to check at a time.")
@click.option("--json", "file", type=click.Path(path_type=Path), metavar="FILE", help="Write the verdicts to FILE.")
def command(
    targets: tuple[str, ...],
    families: tuple[str, ...],
    ids: tuple[str, ...],
    strict: bool,
    max_clients: int | None,
    directory: str | None,
    write_known: bool,
    jobs: int | None,
    file: Path | None,
) -> int:
    """Run the conformance suite against servers.

    \b
    upecho check selectors asyncio+uvloop
    upecho check 127.0.0.1:9000
    upecho check unix:/tmp/x.sock --check half-close

    TARGET is NAME, NAME+LOOP or module:attribute, which are started and stopped; the address of a server that runs;
    or cmd:COMMAND with {address} where the command expects it. Exit status: 1 if a MUST check failed that is not
    known to, or passed though it is known to fail.
    """  # noqa: D301 (\b is click's mark for lines that stay as they are)
    if file:
        atomic_write.check(file)
    timeouts.scaled(1)  # if it is set wrongly, then here is where that is said
    expect_cores(jobs or 1)
    checks = _checks(ids)
    expect_imports(targets)
    pairs = chosen(targets, families, max_clients)
    due = sum(is_due(check, *pair) for pair in pairs for check in checks)
    if not due:
        raise CallerError(f"none of these checks is due: {check_notes.why_none_is_due(checks, pairs)}")
    known = _known(directory, pairs, write=write_known)
    _expect_listeners(pairs)
    outcomes: list[Outcome] = []
    try:
        with as_interrupts():
            _run(Runner(pairs, checks, jobs), due, known, outcomes)
    except (KeyboardInterrupt, UpechoError):
        if outcomes:  # then those are kept, though the run was cut short
            _keep(_in_order(outcomes, checks, pairs), due, checks, pairs, file)
        raise
    outcomes = _in_order(outcomes, checks, pairs)
    try:
        if write_known:
            _write_known(directory, known, pairs, outcomes, strict=strict)
    finally:
        _keep(outcomes, due, checks, pairs, file)
    check_notes.tell_not_due(checks, pairs)
    check_notes.tell_works_anyway(outcomes)
    status = exit_status(outcomes, due, strict=strict)
    if write_known:
        return status if status == HarnessError.exit_status else 0
    check_notes.tell_stale(known, outcomes)
    return status


def exit_status(outcomes: Sequence[Outcome], due: int, *, strict: bool) -> int:
    """Return 0 if all is well, 1 if an outcome fails the run, 3 if a due check came to no verdict."""
    if len(outcomes) < due or any(one.verdict is Verdict.ERROR for one in outcomes):
        return HarnessError.exit_status
    return TargetError.exit_status if any(one.fails(strict=strict) for one in outcomes) else 0


def _checks(ids: Sequence[str]) -> list[Check]:
    every = catalogue()
    known = [check.id for check in every]
    for name in ids:
        if name not in known:
            raise CallerError(unknown_name("check", name, known))
    return [check for check in every if not ids or check.id in ids]


def _known(directory: str | None, pairs: Pairs, *, write: bool) -> Known:
    known = load(directory, [target for target, _ in pairs])
    if write:
        for target in _targets(pairs):
            expect_writable(directory, target, known.of(target))
    return known


def _expect_listeners(pairs: Pairs) -> None:
    """Make sure that somebody listens at each address, so that nobody's absence is taken for a failed check."""
    for target, _ in pairs:
        if target.kind is Kind.ADDRESS:
            connecting.connect(target.address(), timeouts.scaled(TIMEOUT_SECONDS)).close()


def _run(runner: Runner, due: int, known: Known, outcomes: list[Outcome]) -> None:
    """Add each outcome as soon as it is known, and show how far things are."""
    failed = 0
    with Steps(due) as steps:
        for outcome in map(known.marked, runner.outcomes()):
            outcomes.append(outcome)
            failed += outcome.verdict is Verdict.FAILED and not outcome.known
            so_far = f" ({failed} failed so far)" if failed else ""
            steps.show(f"checking {outcome.target} over {outcome.family}", outcome.check + so_far)
            steps.advance()


def _in_order(outcomes: list[Outcome], checks: Sequence[Check], pairs: Pairs) -> list[Outcome]:
    places = [(target.text, family.value) for target, family in pairs]
    ids = [check.id for check in checks]
    return sorted(outcomes, key=lambda one: (places.index((one.target, one.family)), ids.index(one.check)))


def _keep(outcomes: list[Outcome], due: int, checks: Sequence[Check], pairs: Pairs, file: Path | None) -> None:
    """Save and show; each is done even if the other fails."""
    try:
        if file:
            atomic_write.save(file, document(outcomes, due, checks))
    finally:
        terminal = console(PIPED_WIDTH)
        names = [target.text for target in _targets(pairs)]
        terminal.print(verdicts(outcomes, checks, names, due, terminal.width), crop=False)


def _write_known(
    directory: str | None, known: Known, pairs: Pairs, outcomes: Sequence[Outcome], *, strict: bool
) -> None:
    for target in _targets(pairs):
        old = known.of(target)
        entries = updated(old.entries if old else (), target, outcomes, strict=strict)
        click.echo(store(directory, target, old, entries), err=True)


def _targets(pairs: Pairs) -> list[Target]:
    return list(dict.fromkeys(target for target, _ in pairs))
