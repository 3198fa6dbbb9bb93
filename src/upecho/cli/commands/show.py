"""``upecho show``: the report of a saved run, with its own reference or another one."""

from collections.abc import Sequence
from pathlib import Path

import click

from upecho.cli.bench import columns
from upecho.cli.console import console
from upecho.cli.parameters import TargetName
from upecho.measure.results import read_results
from upecho.measure.statistics.summary import Summary
from upecho.report.benchmark.columns import Column
from upecho.report.benchmark.comparison import comparison


@click.command()
@click.argument("file", metavar="FILE.json", type=click.Path(path_type=Path))
@click.option(
    "--reference",
    default="",
    type=TargetName(),
    metavar="TARGET[@NAME]",
    help="Show ratios relative to this target of the run.  [default: the reference of the run]",
)
@columns.option
def command(file: Path, reference: str, columns: Sequence[Column]) -> int:
    """Show the report of a run that upecho bench --save has saved.

    \b
    upecho show results.json
    upecho show results.json --reference asyncio+uvloop
    upecho show results.json --columns cpu,user,system,switches

    Nothing is measured. Whatever the reference is, each ratio and its interval (±) are computed from pairs of trials in
    the same round. If the reference ran under several Pythons, NAME selects one of them; without NAME, the first
    counts.

    Exit status: 0 if the report was shown; 2 if the file cannot be read, if the run has no such target, or if there is
    no such column.
    """  # noqa: D301 (\b is click's mark for lines that stay as they are)
    results = read_results(file)
    summary = Summary.of(results.relative_to(reference) if reference else results)
    terminal = console()
    terminal.print(comparison(summary, terminal.width, columns))
    return 0
