"""Carries out a run of ``upecho bench``: measures, saves and reports, also if the run is interrupted."""

import contextlib
from collections.abc import Sequence
from pathlib import Path

from upecho.cli.console import console
from upecho.cli.progress import Steps
from upecho.cli.signals import as_interrupts
from upecho.measure.plan.ab_test import Limit
from upecho.measure.run import Run
from upecho.measure.statistics.excesses import above_reference
from upecho.measure.statistics.sequential import Verdicts
from upecho.measure.statistics.summary import Status, Summary
from upecho.report.benchmark.columns import Column
from upecho.report.benchmark.comparison import comparison
from upecho.report.benchmark.excesses import limit_lines
from upecho.report.benchmark.references import reference_name
from upecho.support import atomic_write
from upecho.support.errors import HarnessError, TargetError, UpechoError


def measure(run: Run, save: Path | None, columns: Sequence[Column] = (), *, limits: Sequence[Limit] = ()) -> int:
    """Measure, save and report; return the exit status.

    Args:
        run: The run.
        save: Where to save it; None if it is not saved.
        columns: Columns of the report; empty for those of each scenario.
        limits: By how much quantities may exceed those of the reference, in a run that is no A/B test.
    """
    stopped: BaseException | None = None
    try:
        with as_interrupts():
            _measure(run, save)
    except (KeyboardInterrupt, UpechoError) as error:
        stopped = error
    summary = Summary.of(run.results())
    if summary.results.trials or not stopped:
        _save_and_report(summary, save, columns)
    if stopped:
        raise stopped
    return _judged(summary, limits) or _exit_status(summary)


def _measure(run: Run, save: Path | None) -> None:
    """Measure; save after every round, because nothing can be saved once SIGKILL has arrived."""
    limits = run.settings.limits
    total = f" of {limits.rounds}" if limits.rounds <= limits.min_rounds else ""
    current = 1
    with Steps(run.min_trials()) as steps:
        for trial in run.measure(lambda cell, number: steps.show(f"round {number}{total}", str(cell))):
            steps.advance()
            if save and trial.round > current:
                current = trial.round
                with contextlib.suppress(UpechoError):  # the disk may have room at the end; if not, that is an error
                    atomic_write.save(save, run.results().to_json())


def _save_and_report(summary: Summary, save: Path | None, columns: Sequence[Column]) -> None:
    """Save and report; if saving fails, the report is shown all the same."""
    try:
        if save:
            atomic_write.save(save, summary.results.to_json())
    finally:
        terminal = console()
        terminal.print(comparison(summary, terminal.width, columns))


def _judged(summary: Summary, limits: Sequence[Limit]) -> int:
    """Report which limits are exceeded; return the exit status for that."""
    judged = above_reference(summary.results, limits)
    for line in limit_lines(limits, judged, reference_name(summary)):
        console().print(line)
    return TargetError.exit_status if judged.excesses else 0


def _exit_status(summary: Summary) -> int:
    results = summary.results
    if results.ab_test and Verdicts(results.ab_test, results.trials).exceeded:
        return TargetError.exit_status
    if any(row.target_failed or row.request.failed_checks for row in summary.rows):
        return TargetError.exit_status
    return HarnessError.exit_status if any(row.status is Status.VOID for row in summary.rows) else 0
