"""``upecho compare``: what became of the costs between two runs of ``upecho bench --save``."""

from pathlib import Path

import click

from upecho.cli.console import console
from upecho.cli.parameters import Number
from upecho.measure.results import load
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
    help="Exit status 1 if a server certainly costs so many percent more, or fails now.",
)
def command(base: Path, new: Path, fail_above: float | None) -> int:
    """Compare two runs that upecho bench has saved: what a request costs in NEW.json and in BASE.json.

    \b
    upecho compare before.json after.json
    upecho compare main.json branch.json --fail-above 5

    Run both on one machine that is otherwise idle. What is said of each server:

    \b
    costs more, costs less    a difference that neither chance nor what the same
                              server differs by from itself (A/A) explains
    no difference detected    none was seen; one that is smaller than ± may be there
    too few rounds to tell    one of the runs has fewer than four
    too busy to conclude      in one of the runs more than a quarter of the trials
                              were disturbed by something else on the machine

    Exit status: 0 however it turned out; 1 with --fail-above, if a server costs so many percent more, or fails where
    it had numbers; 2 if a file cannot be read, or the two cannot be compared.
    """  # noqa: D301 (\b is click's mark for lines that stay as they are)
    found = Changes(load(base), load(new))
    terminal = console()
    terminal.print(changes(found, terminal.width))
    if fail_above is None:
        return 0
    terminal.print(limit(found, fail_above))
    return TargetError.exit_status if found.beyond(fail_above / 100) or found.broken else 0
