"""``upecho bench``: conformance first, then the comparison."""

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from upecho.cli import bench_selection as choice
from upecho.cli.bench_run import measure
from upecho.cli.parameters import FamilyName, Number, ScenarioName, TargetName
from upecho.cli.progress import Steps
from upecho.load.engine import NAMES, best
from upecho.measure import pythons as python_choice
from upecho.measure.cells import ALL, SUMMARIES, USUAL, Cell
from upecho.measure.rounds import Limits
from upecho.measure.run import FailedChecks, Run, Terms, baselines, every_cell, expect_able
from upecho.measure.statistics.claims import FEWEST
from upecho.measure.trials import Window
from upecho.net.address import Family
from upecho.processes.interpreter import Interpreter
from upecho.serving.target import Target
from upecho.support import atomic_write

PRECISION_PERCENT = 3.0
# Rounds at least and at most, seconds of a window, seconds of the warm-up, seconds for all. A quick run of everything
# has about 70 cells; with 0.15 s to start and end a server, four rounds of it take 75 s.
AT_LENGTH = (5, 100, 1.0, 0.2, 900.0)
QUICK = (FEWEST, FEWEST, 0.1, 0.02, 150.0)


def _defaults(number: int) -> str:
    return f"[default: {AT_LENGTH[number]:g}; quick: {QUICK[number]:g}]"


NAME_WIDTH, HELP_WIDTH = 12, 76
SCENARIO_HELP = "\b\nScenarios:\n" + "\n".join(
    textwrap.fill(f"{name:{NAME_WIDTH}} {text}", HELP_WIDTH, subsequent_indent=" " * (NAME_WIDTH + 1))
    for name, text in SUMMARIES.items()
)


@click.command(epilog=SCENARIO_HELP)
@click.argument("targets", nargs=-1, type=TargetName())
@click.option("--family", "families", multiple=True, type=FamilyName(), help="[default: inet, unix]")
@click.option(
    "--scenario",
    "scenarios",
    multiple=True,
    type=ScenarioName(),
    metavar="NAME|FILE.toml",
    help=f"Repeatable; {ALL}: every one.  [default: {', '.join(scenario.name for scenario in USUAL)}]",
)
@click.option("--engine", type=click.Choice(NAMES), help="The load engine.  [default: native, if it was built]")
@click.option(
    "--quick",
    is_flag=True,
    help=f"A first impression in a minute or two: {QUICK[0]} rounds of short trials, so that intervals (±) are wide "
    "and only great differences show.",
)
@click.option("--save", type=click.Path(path_type=Path), metavar="FILE", help="Keep every trial, as JSON.")
@click.option(
    "--python",
    "pythons",
    multiple=True,
    metavar="EXE",
    help="Run the servers with this Python; repeatable, they take turns; all: each on the PATH.  [default: this one]",
)
@click.option("--cold", is_flag=True, help="Measure each server also before any of its connections has ended.")
@click.option("--rounds", type=Number(1, 10000), help=f"Rounds, at most.  {_defaults(1)}")
@click.option(
    "--precision",
    type=Number(0.0, 100.0),
    default=PRECISION_PERCENT,
    help=f"Percent to which ratios shall be known; then no more rounds.  [default: {PRECISION_PERCENT:g}]",
)
@click.option("--seconds", type=Number(0.01, 3600.0), help=f"Length of a trial.  {_defaults(2)}")
@click.option("--budget", type=Number(0.0, 1e6), help=f"Seconds for all rounds, at most.  {_defaults(4)}")
@click.option("--seed", type=Number(0, 2**32), default=0, help="Of the order and of what is sent.")
@click.option("--no-check", is_flag=True, help="Do not check conformance first.")
@click.option("--even-if-failing", is_flag=True, help="Measure, and mark, also what fails a check.")
def command(targets: Sequence[str], families: Sequence[str], save: Path | None, **options: Any) -> int:
    """Compare what servers cost and how fast they are.

    \b
    upecho bench --quick
    upecho bench selectors asyncio asyncio+uvloop --family unix --save new.json

    TARGET is NAME, NAME+LOOP or module:attribute; without any, all that upecho list shows but the naive ones.
    Each trial has a server process of its own, apart from the load engine, which compares every reply.

    Asked for or not, each table has native, the baseline: the same protocol in C, the nearest thing to what the
    machine can do. Ratios are to it; it is left out where no other can be measured. Without upecho's C extension
    they are to the cheapest server.

    Rounds go on until all ratios are known to --precision, or --rounds or --budget is used up. Exit status: 1 if a
    server failed or fails a check, 3 if upecho or the machine was to blame, else 0.
    """  # noqa: D301 (\b is click's mark for lines that stay as they are)
    if save:
        atomic_write.check(save)
    names, chosen = choice.targets(targets), choice.families(families)
    window, limits = _terms(options)
    scenarios = choice.scenarios(options["scenarios"], window.engine)
    pythons = python_choice.named(options["pythons"])
    expect_able(window.engine, scenarios)
    cells = choice.able(pythons, every_cell(names, chosen, scenarios, pythons or [""], cold=options["cold"]))
    choice.miss_baseline(targets)
    beside = baselines(cells)
    failed_checks = None if options["no_check"] else _failing([*cells, *beside], pythons)
    terms = Terms(window, limits, pythons, failed_checks, options["even_if_failing"])
    return measure(Run(cells, terms, beside), save)


def _failing(cells: Sequence[Cell], pythons: Mapping[str, Interpreter]) -> FailedChecks:
    """Check every server over every family, under each interpreter that it is to be measured with."""
    from upecho.conformance.run.gate import demanded, failing  # noqa: PLC0415 (not every run needs the suite)
    from upecho.conformance.run.selection import is_due  # noqa: PLC0415

    due: dict[str, dict[str, None]] = {}
    for cell in cells:
        due.setdefault(cell.python, {})[cell.target] = None
    families = list(dict.fromkeys(cell.family for cell in cells))
    count = sum(
        is_due(check, Target.parse(target), family)
        for targets in due.values()
        for target in targets
        for family in families
        for check in demanded()
    )
    found: dict[tuple[str, Family, str], Sequence[str]] = {}
    with Steps(count) as steps:

        def progress(step: str) -> None:
            steps.show("checking conformance", step)
            steps.advance()

        for python, targets in due.items():
            failed = failing([Target.parse(name) for name in targets], families, progress, python=pythons.get(python))
            found.update({(target, family, python): checks for (target, family), checks in failed.items()})
    return found


def _terms(options: dict[str, Any]) -> tuple[Window, Limits]:
    fewest, most, seconds, warm_up_seconds, budget = QUICK if options["quick"] else AT_LENGTH
    window = Window(warm_up_seconds, options["seconds"] or seconds, options["seed"], options["engine"] or best())
    limits = Limits(
        rounds=options["rounds"] or most,
        budget_seconds=budget if options["budget"] is None else options["budget"],
        fewest=fewest,
        precision=options["precision"] / 100,
        copies=True,
    )
    return window, limits
