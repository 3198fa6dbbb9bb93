"""``upecho compare``: what became of the costs between two runs of ``upecho bench --save``."""

from pathlib import Path

import click

from upecho.cli.console import console
from upecho.cli.parameters import Number
from upecho.errors import TargetError
from upecho.measure.changes import Changes
from upecho.measure.results import load
from upecho.report.changes import changes, limit

FILE = click.Path(path_type=Path)


@click.command()
@click.argument("base", metavar="BASE.json", type=FILE)
@click.argument("new", metavar="NEW.json", type=FILE)
@click.option(
    "--fail-above",
    type=Number(0.0, 1000.0),
    metavar="PERCENT",
    help="Exit status 1 if a server costs so many percent more, or fails now.",
)
def command(base: Path, new: Path, fail_above: float | None) -> int:
    """Compare two runs that upecho bench has saved: what a request costs in NEW.json and in BASE.json.

    \b
    upecho compare before.json after.json
    upecho compare main.json branch.json --fail-above 5

    Run both on one machine that is otherwise idle. A difference is claimed only where chance, or
    what the same server differs by from itself, does not explain it. Exit status: 0 however it
    turned out, unless --fail-above says otherwise.
    """  # noqa: D301 (\b is click's mark for lines that stay as they are)
    found = Changes(load(base), load(new))
    terminal = console()
    terminal.print(changes(found, terminal.width))
    if fail_above is None:
        return 0
    terminal.print(limit(found, fail_above))
    return TargetError.exit_status if found.beyond(fail_above / 100) or found.broken else 0
