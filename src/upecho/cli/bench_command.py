"""``upecho bench``: conformance first, then the comparison."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from upecho import inventory, saving
from upecho.address import Family
from upecho.cli.console import console
from upecho.cli.parameters import FamilyName, Number, TargetName
from upecho.cli.steps import Steps
from upecho.errors import CallerError, TargetError, UpechoError
from upecho.measure.blocks import Window
from upecho.measure.cells import SCENARIOS
from upecho.measure.results import Results
from upecho.measure.rounds import Limits
from upecho.measure.run import FailedChecks, Run, every_cell
from upecho.measure.summary import summarise
from upecho.report.comparison import comparison
from upecho.target import Kind, Target

DEFAULT_FAMILIES = ("inet", "unix")

# Rounds, seconds of a window, seconds of the warm-up, seconds for all. A quick run of everything has about 60
# cells; with 0.15 s to start and end a server, two rounds of it take 50 s.
USUAL = (5, 1.0, 0.2, 900.0)
QUICK = (2, 0.25, 0.05, 60.0)


@click.command()
@click.argument("targets", nargs=-1, type=TargetName())
@click.option("--family", "families", multiple=True, type=FamilyName(), help="[default: inet, unix]")
@click.option(
    "--scenario",
    "scenarios",
    multiple=True,
    type=click.Choice([scenario.name for scenario in SCENARIOS]),
    help="[default: all]",
)
@click.option("--quick", is_flag=True, help="A first impression in a minute: short windows, two rounds.")
@click.option("--save", type=click.Path(path_type=Path), metavar="FILE", help="Keep every block, as JSON.")
@click.option("--rounds", type=Number(1, 10000), help="Blocks of each cell, at most.  [default: 5; quick: 2]")
@click.option("--seconds", type=Number(0.01, 3600.0), help="Length of a block.  [default: 1; quick: 0.25]")
@click.option("--budget", type=Number(0.0, 1e6), help="Seconds for all rounds.  [default: 900; quick: 60]")
@click.option("--seed", type=Number(0, 2**32), default=0, help="Of the order and of what is sent.")
@click.option("--no-check", is_flag=True, help="Do not check conformance first.")
@click.option("--even-if-failing", is_flag=True, help="Measure, and mark, also what fails a check.")
def command(targets: Sequence[str], families: Sequence[str], save: Path | None, **options: Any) -> int:
    """Compare what servers cost and how fast they are.

    \b
    upecho bench --quick
    upecho bench selectors asyncio asyncio+uvloop --family unix --save results.json

    TARGET is NAME, NAME+LOOP or module:attribute; without any, all that upecho list shows but the naive ones.
    Each block has a server process of its own, apart from the load engine, which compares every reply.
    """  # noqa: D301 (\b is click's mark for lines that stay as they are)
    if save:
        saving.check(save)
    names, chosen = _targets(targets), _families(families)
    run = _run(names, chosen, None if options["no_check"] else _failing(names, chosen), options)
    return _measure(run, save)


def _targets(names: Sequence[str]) -> list[str]:
    if not names:
        return [row.name for row in inventory.servers() if not row.naive and _usable(row)]
    for name in names:
        if Target.parse(name).kind is not Kind.IMPLEMENTATION:
            raise CallerError(
                f"bench starts servers itself: it needs NAME, NAME+LOOP or module:attribute, not {name!r}"
            )
    return list(dict.fromkeys(names))


def _families(names: Sequence[str]) -> list[Family]:
    if not names:
        usual = [row for row in inventory.families() if row.name in DEFAULT_FAMILIES]
        return [Family(row.name) for row in usual if _usable(row)]
    families = [Family(name) for name in dict.fromkeys(names)]
    for family in families:
        family.require()
    return families


def _usable(row: inventory.Entry) -> bool:
    """Say aloud what a default run leaves out."""
    if row.unavailable:
        click.echo(f"left out: {row.name}: {row.unavailable}", err=True)
    return not row.unavailable


def _failing(targets: Sequence[str], families: Sequence[Family]) -> FailedChecks:
    from upecho.conformance.gate import demanded, failing  # noqa: PLC0415 (not every run needs the suite)
    from upecho.conformance.selection import is_due  # noqa: PLC0415

    parsed = [Target.parse(name) for name in targets]
    checks = demanded()
    due = sum(is_due(check, target, family) for check in checks for target in parsed for family in families)
    with Steps(due) as steps:

        def progress(step: str) -> None:
            steps.show("checking conformance", step)
            steps.advance()

        return failing(targets, families, progress)


def _run(
    targets: Sequence[str],
    families: Sequence[Family],
    failed_checks: FailedChecks | None,
    options: dict[str, Any],
) -> Run:
    rounds, seconds, warm_up_seconds, budget = QUICK if options["quick"] else USUAL
    wanted = options["scenarios"]
    return Run(
        every_cell(targets, families, [one for one in SCENARIOS if not wanted or one.name in wanted]),
        Window(warm_up_seconds, options["seconds"] or seconds, options["seed"]),
        Limits(options["rounds"] or rounds, budget if options["budget"] is None else options["budget"]),
        failed_checks,
        even_if_failing=options["even_if_failing"],
    )


def _measure(run: Run, save: Path | None) -> int:
    """Measure, show and save; also what there is when it was cut short."""
    rounds = run.limits.rounds
    stopped: BaseException | None = None
    try:
        with Steps(len(run.cells) * rounds) as steps:
            for _ in run.measure(lambda cell, number: steps.show(f"round {number} of {rounds}", str(cell))):
                steps.advance()
    except (KeyboardInterrupt, UpechoError) as error:
        stopped = error
    results = run.results()
    if results.blocks or not stopped:
        _keep(results, save)
    if stopped:
        raise stopped
    wrong = any(row.failed or row.cell.failed_checks for row in summarise(results))
    return TargetError.exit_status if wrong else 0


def _keep(results: Results, save: Path | None) -> None:
    """Save and show; neither failing keeps the other from being done."""
    try:
        if save:
            saving.save(save, results.to_json())
    finally:
        terminal = console()
        terminal.print(comparison(results, terminal.width))
