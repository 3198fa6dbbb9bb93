"""``upecho compare``: what changed between two saved runs of ``upecho bench`` or of ``upecho check``."""

from pathlib import Path

import click

from upecho.cli.console import console
from upecho.cli.limit_parameter import QUANTITY_NAMES, LimitText, expect_distinct, for_run
from upecho.conformance.run.verdicts.changes import VerdictChanges
from upecho.conformance.run.verdicts.document import Document
from upecho.measure.plan.ab_test import Limit
from upecho.measure.results import Results
from upecho.measure.statistics.changes import BASE, Changes
from upecho.measure.statistics.excesses import above_base
from upecho.report.benchmark.changes import changes, without_answer
from upecho.report.benchmark.excesses import limit_lines
from upecho.report.conformance.changes import changes as verdict_changes
from upecho.report.conformance.changes_summary import changes_summary
from upecho.report.saved_runs import read_run
from upecho.support import atomic_write
from upecho.support.errors import CallerError, TargetError

FILE = click.Path(path_type=Path)


@click.command()
@click.argument("base", metavar="BASE.json", type=FILE)
@click.argument("new", metavar="NEW.json", type=FILE)
@click.option(
    "--fail-above",
    multiple=True,
    type=LimitText(),
    metavar="[QUANTITY=]PERCENT",
    help="For results: exit with status 1 if a quantity of a server is known to exceed that in BASE.json by more than "
    "this many percent (the whole interval of the ratio is above it), or if a server fails that had figures there. "
    f"Repeatable; QUANTITY is one of {QUANTITY_NAMES}.  [default quantity: cpu]",
)
@click.option(
    "--summary",
    type=FILE,
    metavar="FILE",
    help="For verdicts: save what changed to FILE, as Markdown for a job in continuous integration.",
)
def command(base: Path, new: Path, fail_above: tuple[Limit, ...], summary: Path | None) -> int:
    """Compare two saved runs: both of upecho bench, or both of upecho check.

    \b
    upecho compare before.json after.json
    upecho compare main.json branch.json --fail-above 5
    upecho compare verdicts-main.json verdicts-branch.json

    RESULTS (upecho bench --save): how the cost of a request has changed. Make both runs on the same machine, which
    should be idle otherwise. The verdict on each server is one of:

    \b
    costs more, costs less    the difference is larger than chance explains, and
                              larger than the server differs from itself (A/A)
    no difference detected    a difference smaller than ± is possible
    too few rounds            one of the runs has fewer than four rounds
    machine too busy          more than a quarter of the trials of one of the runs
                              were disturbed by other work on the machine

    VERDICTS (upecho check --json): new failures with their explanations, what was mended, and what cannot be compared,
    such as checks or targets that are only in one of the runs. A MUST or SHOULD check got worse if it passed in
    BASE.json and fails in NEW.json, or if it was not run there for a reason other than a failed check. A failure that
    is known in NEW.json, or known to be flaky in either file, does not count.

    Exit status for results: 0; with --fail-above, 1 if a limit is exceeded, or if a server fails that had figures in
    BASE.json. For verdicts: 1 if a check got worse, or if the code of a target can no longer be loaded, else 0. For
    both: 2 if a file cannot be read, or if the runs cannot be compared.
    """  # noqa: D301 (\b is click's mark for lines that stay as they are)
    expect_distinct(fail_above)
    match read_run(base), read_run(new):
        case Results() as before, Results() as after:
            _refuse(summary, "--summary is for verdicts")
            return _compare_results(Changes(before, after), fail_above)
        case Document() as before, Document() as after:
            _refuse(fail_above or None, "--fail-above is for results; what got worse in verdicts always fails")
            return _compare_verdicts(VerdictChanges(before, after), summary)
    raise CallerError(
        f"one of {base} and {new} contains results and the other verdicts", hint="compare two files of the same kind"
    )


def _refuse(option: object, reason: str) -> None:
    """Refuse an option that is given but has no meaning for this kind of files."""
    if option is not None:
        raise CallerError(reason)


def _compare_results(found: Changes, limits: tuple[Limit, ...]) -> int:
    limits = for_run(limits, is_counted=found.is_counted)
    terminal = console()
    terminal.print(changes(found, terminal.width))
    if not limits:
        return 0
    judged = above_base(found, limits)
    for line in (*limit_lines(limits, judged, BASE), *without_answer(found)):
        terminal.print(line)
    return TargetError.exit_status if judged.excesses or found.broken else 0


def _compare_verdicts(found: VerdictChanges, summary: Path | None) -> int:
    if summary:
        atomic_write.save(summary, changes_summary(found))
    terminal = console()
    terminal.print(verdict_changes(found, terminal.width), crop=False)
    return TargetError.exit_status if found.is_worse else 0
