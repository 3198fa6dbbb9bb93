"""Carries out a run of ``upecho bench``, and saves and shows what was measured, also when it was cut short."""

import contextlib
from pathlib import Path

from upecho.cli.console import console
from upecho.cli.progress import Steps
from upecho.cli.signals import as_interrupts
from upecho.measure.results import Results
from upecho.measure.run import Run
from upecho.measure.statistics.summary import summarise
from upecho.report.benchmark.comparison import comparison
from upecho.support import atomic_write
from upecho.support.errors import HarnessError, TargetError, UpechoError


def measure(run: Run, save: Path | None) -> int:
    """Measure, show and save; return the exit status."""
    stopped: BaseException | None = None
    try:
        with as_interrupts():
            _measure(run, save)
    except (KeyboardInterrupt, UpechoError) as error:
        stopped = error
    results = run.results()
    if results.trials or not stopped:
        _keep(results, save)
    if stopped:
        raise stopped
    rows = summarise(results)
    if any(row.failed or row.cell.failed_checks for row in rows):
        return TargetError.exit_status
    return HarnessError.exit_status if any(row.void for row in rows) else 0


def _measure(run: Run, save: Path | None) -> None:
    """Measure; save whenever a round is done, for nobody can save anything once SIGKILL has come."""
    limits = run.terms.limits
    of = f" of {limits.rounds}" if limits.rounds <= limits.fewest else ""
    begun = 1
    with Steps(run.least_trials()) as steps:
        for trial in run.measure(lambda cell, number: steps.show(f"round {number}{of}", str(cell))):
            steps.advance()
            if save and trial.round > begun:
                begun = trial.round
                with contextlib.suppress(UpechoError):  # there may be room again at the end; if not, that is said then
                    atomic_write.save(save, run.results().to_json())


def _keep(results: Results, save: Path | None) -> None:
    """Save and show; neither failing keeps the other from being done."""
    try:
        if save:
            atomic_write.save(save, results.to_json())
    finally:
        terminal = console()
        terminal.print(comparison(results, terminal.width))
