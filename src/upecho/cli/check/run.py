"""Carries out a run of ``upecho check``; saves and shows its verdicts, also if it is cut short."""

import click

from upecho.cli.check import notes
from upecho.cli.check.files import CheckFiles
from upecho.cli.console import console
from upecho.cli.progress import Steps
from upecho.cli.signals import as_interrupts
from upecho.conformance.run.check_run import CheckRun
from upecho.conformance.run.known_failures.files import store
from upecho.conformance.run.known_failures.known import updated
from upecho.conformance.run.verdicts.outcome import Verdict
from upecho.report.conformance.verdicts import verdicts
from upecho.support.errors import HarnessError, TargetError, UpechoError

PIPED_WIDTH = 100  # columns of a report that is written to a file or a pipe


def carry_out(run: CheckRun, files: CheckFiles, *, directory: str | None, write_known: bool, verbose: bool) -> int:
    """Run the checks, save and show the verdicts; return the exit status.

    Args:
        run: The run.
        files: The files to save the verdicts to.
        directory: The directory of known failures; None means the default.
        write_known: Whether to write what failed to that directory instead of letting it fail the run.
        verbose: Whether to show the details of every check that did not pass, instead of one for each cause.
    """
    try:
        with as_interrupts():
            _run(run)
    except (KeyboardInterrupt, UpechoError):
        if run.results():
            _keep(run, files, verbose=verbose)
        raise
    try:
        if write_known:
            _write_known(run, directory)
    finally:
        _keep(run, files, verbose=verbose)
    outcomes, status = run.results(), run.exit_status()
    notes.tell_not_due(run.plan)
    notes.tell_works_anyway(outcomes)
    if write_known:
        rest = TargetError.exit_status if run.plan.unusable else 0
        return status if status == HarnessError.exit_status else rest
    notes.tell_stale(run.plan.known, outcomes)
    return status


def _run(run: CheckRun) -> None:
    """Run the checks and show the progress."""
    failed = 0
    with Steps(run.plan.due) as steps:
        for outcome in run.outcomes():
            failed += outcome.verdict is Verdict.FAILED and not outcome.known
            so_far = f" ({failed} failed so far)" if failed else ""
            steps.show(f"checking {outcome.target} over {outcome.family}", outcome.check + so_far)
            steps.advance()


def _keep(run: CheckRun, files: CheckFiles, *, verbose: bool) -> None:
    """Save and show the verdicts; an error in one does not prevent the other."""
    try:
        files.save(run.document(), strict=run.plan.strict)
    finally:
        plan, terminal = run.plan, console(PIPED_WIDTH)
        names = [target.text for target in plan.targets]
        shown = verdicts(
            run.results(),
            plan.checks,
            names,
            due=plan.due,
            width=terminal.width,
            suite=plan.suite,
            verbose=verbose,
        )
        terminal.print(shown, crop=False)


def _write_known(run: CheckRun, directory: str | None) -> None:
    """Update the file of known failures of each target, and say what was done to it."""
    plan = run.plan
    for target in plan.targets:
        old = plan.known.of(target)
        entries = updated(old.entries if old else (), target, run.results(), strict=plan.strict)
        click.echo(store(directory, target, old, entries=entries), err=True)
