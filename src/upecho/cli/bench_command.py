"""``upecho bench``: conformance first, then the comparison."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console

from upecho import inventory
from upecho.address import Family
from upecho.cli.parameters import FamilyName, Number, TargetName
from upecho.cli.progress import Measuring
from upecho.errors import CallerError, TargetError, UpechoError
from upecho.measure import saving
from upecho.measure.blocks import Window
from upecho.measure.cells import SCENARIOS
from upecho.measure.results import Results
from upecho.measure.rounds import Limits
from upecho.measure.run import FailedChecks, Run, every_cell
from upecho.measure.summary import summarise
from upecho.report.comparison import comparison
from upecho.target import Kind, Target

DEFAULT_FAMILIES = ("inet", "unix")

# Rounds, seconds in a window, seconds to warm up, seconds for all. A quick run of everything has about 60 cells; a
# fresh server and its warm-up take about 0.2 s, so two rounds of it take 50 s.
USUAL = (5, 1.0, 0.2, 900.0)
QUICK = (2, 0.25, 0.05, 60.0)


@click.command()
@click.argument("targets", nargs=-1, type=TargetName())
@click.option("--family", "families", multiple=True, type=FamilyName(), help="Default: inet and unix.")
@click.option("--scenario", "scenarios", multiple=True, type=click.Choice([row.name for row in SCENARIOS]))
@click.option("--quick", is_flag=True, help="A first impression: short windows, two rounds.")
@click.option("--save", type=click.Path(path_type=Path), metavar="FILE", help="Keep every block as JSON.")
@click.option("--rounds", type=Number(1, 1000), help="Blocks of each cell, at most.  [default: 5; quick: 2]")
@click.option("--seconds", type=Number(0.01, 3600.0), help="Length of a block.  [default: 1; quick: 0.2]")
@click.option("--budget", type=Number(0.0, 1e6), help="Seconds for all rounds.  [default: 900; quick: 60]")
@click.option("--seed", type=Number(0, 2**32), default=0, help="Of the payload and of the order.")
@click.option("--check/--no-check", default=True, help="Whether conformance is checked first.")
@click.option("--even-if-failing", is_flag=True, help="Measure and mark what fails conformance checks.")
def command(
    targets: Sequence[str],
    families: Sequence[str],
    scenarios: Sequence[str],
    quick: bool,
    save: Path | None,
    rounds: int | None,
    seconds: float | None,
    budget: float | None,
    seed: int,
    check: bool,
    even_if_failing: bool,
) -> int:
    """Compare what servers cost and how fast they are.

    \b
    upecho bench --quick
    upecho bench selectors asyncio asyncio+uvloop --family unix --save results.json

    TARGET is NAME, NAME+LOOP or module:attribute; without any, all that upecho list shows except the naive ones.
    Each is started anew for each block, on processor cores of its own, and every reply is compared.
    """  # noqa: D301 (\b is click's mark for lines that stay as they are)
    if save:
        saving.check(save)
    usual_rounds, usual_seconds, warm_up_seconds, usual_budget = QUICK if quick else USUAL
    chosen = _targets(targets)
    chosen_families = _families(families)
    failed_checks = _check(chosen, chosen_families) if check else None
    run = Run(
        every_cell(
            chosen, chosen_families, [row for row in SCENARIOS if not scenarios or row.name in scenarios]
        ),
        Window(warm_up_seconds, seconds or usual_seconds, seed),
        Limits(rounds or usual_rounds, usual_budget if budget is None else budget),
        failed_checks,
        even_if_failing=even_if_failing,
    )
    return _measure(run, rounds or usual_rounds, save)


def _targets(names: Sequence[str]) -> list[str]:
    if not names:
        return [row.name for row in inventory.servers() if not row.naive and _usable(row)]
    for name in names:
        if Target.parse(name).kind is not Kind.IMPLEMENTATION:
            raise CallerError(
                f"bench starts the servers itself and needs NAME, NAME+LOOP or module:attribute, not {name!r}"
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
        _tell(f"{row.name} is left out: {row.unavailable}")
    return not row.unavailable


def _check(targets: Sequence[str], families: Sequence[Family]) -> FailedChecks:
    from upecho.conformance.gate import failing  # noqa: PLC0415 (brings pytest; not all runs need it)

    return failing(targets, families, _tell)


def _measure(run: Run, rounds: int, save: Path | None) -> int:
    """Measure, show and save; also what there is when it was cut short."""
    stopped: BaseException | None = None
    try:
        with Measuring(len(run.cells), rounds) as progress:
            for _ in run.measure(progress.begin):
                progress.advance()
    except (KeyboardInterrupt, UpechoError) as error:
        stopped = error
    results = run.results()
    if stopped is None or results.blocks:
        _show(results)
        if save:
            saving.save(save, results.to_json())
    if stopped:
        raise stopped
    return (
        TargetError.exit_status
        if any(row.failed or row.cell.failed_checks for row in summarise(results))
        else 0
    )


def _show(results: Results) -> None:
    console = Console(highlight=False)
    console.print(comparison(results, console.width))


def _tell(line: str) -> None:
    print(line, file=sys.stderr)
