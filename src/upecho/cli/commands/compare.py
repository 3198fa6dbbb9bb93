"""``upecho compare``: how costs changed between two runs of ``upecho bench --save``."""

from pathlib import Path

import click

from upecho.cli.console import console
from upecho.cli.parameters import Number
from upecho.measure.results import read_results
from upecho.measure.statistics.changes import Changes
from upecho.report.benchmark.changes import changes, limit
from upecho.support.errors import TargetError

FILE = click.Path(path_type=Path)


@click.command()
@click.argument("base", metavar="BASE.json", type=FILE)
@click.argument("new", metavar="NEW.json", type=FILE)
@click.option(
    "--fail-above",
    type=Number(0.0, 1000.0),
    metavar="PERCENT",
    help="Exit with status 1 if a server costs more, by more than this many percent, or fails but had figures in "
    "BASE.json.",
)
def command(base: Path, new: Path, fail_above: float | None) -> int:
    """Compare the costs in two saved runs of upecho bench.

    \b
    upecho compare before.json after.json
    upecho compare main.json branch.json --fail-above 5

    Make both runs on one machine that is otherwise idle. The verdict on each server is one of:

    \b
    costs more, costs less    the difference is larger than chance explains, and
                              larger than the server differs from itself (A/A)
    no difference detected    there may be a difference smaller than ±
    too few rounds            one of the runs has fewer than four rounds
    machine too busy          more than a quarter of the trials of one of the runs
                              were disturbed by other work on the machine

    Exit status: 0 whatever the verdicts are; with --fail-above, 1 if a server costs more, by more than PERCENT, or
    fails but had figures in BASE.json; 2 if a file cannot be read, or if the runs cannot be compared.
    """  # noqa: D301 (\b is click's mark for lines that stay as they are)
    found = Changes(read_results(base), read_results(new))
    terminal = console()
    terminal.print(changes(found, terminal.width))
    if fail_above is None:
        return 0
    terminal.print(limit(found, fail_above))
    return TargetError.exit_status if found.beyond(fail_above / 100) or found.broken else 0
