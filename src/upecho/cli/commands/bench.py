"""``upecho bench``: checks servers, then measures and compares them."""

import textwrap
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click

from upecho.cli.bench import ab, columns, engine_cores, instructions, observation
from upecho.cli.bench.comparison import comparison
from upecho.cli.bench.profiles import COUNTED, NORMAL, QUICK
from upecho.cli.bench.run import measure
from upecho.cli.environment import expect_usable_environment
from upecho.cli.limit_parameter import QUANTITY_NAMES, LimitText, expect_distinct, expect_observable, for_run
from upecho.cli.parameters import FamilyName, Number, ScenarioName, TargetName
from upecho.cli.signals import as_interrupts
from upecho.load.engine import NAMES
from upecho.measure.plan.cell_plan import PlannedCell
from upecho.measure.plan.scenarios import ALL, SUMMARIES, Scenario
from upecho.net.address import Family
from upecho.support import atomic_write
from upecho.support.errors import CallerError


def _defaults(name: str, *others: str) -> str:
    """Return the default of an option in a normal run, in a quick one, and in others, as help texts show it."""
    return f"[default: {'; '.join([f'{getattr(NORMAL, name):g}', f'quick: {getattr(QUICK, name):g}', *others])}]"


def _names(scenarios: Sequence[Scenario]) -> str:
    return ", ".join(one.name for one in scenarios)


NAME_WIDTH, HELP_WIDTH = 12, 76
SCENARIO_HELP = "\b\nScenarios:\n" + "\n".join(
    textwrap.fill(f"{name:{NAME_WIDTH}} {text}", HELP_WIDTH, subsequent_indent=" " * (NAME_WIDTH + 1))
    for name, text in SUMMARIES.items()
)


@click.command(epilog=SCENARIO_HELP)
@click.argument("targets", metavar="[TARGET]...", nargs=-1, type=TargetName(several=True))
@click.option(
    "--family",
    "families",
    multiple=True,
    type=FamilyName(),
    help="Measure over this family; repeatable.  [default: those of the addresses, or else "
    f"{', '.join(NORMAL.families)}; quick: {', '.join(QUICK.families)}; with --count: {', '.join(COUNTED.families)}; "
    f"with --ab: {', '.join(ab.TIMED.families)}]",
)
@click.option(
    "--scenario",
    "scenarios",
    multiple=True,
    type=ScenarioName(),
    metavar="NAME|FILE.toml",
    help=f"Measure this scenario; repeatable; {ALL} selects every scenario.  "
    f"[default: {_names(NORMAL.scenarios)}; quick: {_names(QUICK.scenarios)}; with --count: "
    f"{instructions.LOCKSTEP.name}, which is {instructions.LOCKSTEP.summary}; "
    f"with --ab: {_names(ab.TIMED.scenarios)}]",
)
@click.option("--engine", type=click.Choice(NAMES), help="Load engine.  [default: native, if it was built]")
@engine_cores.option
@click.option(
    "--quick",
    is_flag=True,
    help=f"Give a first impression in about a minute: up to {QUICK.rounds} rounds of short trials over "
    f"{', '.join(QUICK.families)}, preceded only by the conformance checks that take little time. The intervals (±) "
    "are wide, so only large differences are detected.",
)
@click.option(
    "--save",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Save every trial to FILE, as JSON, for upecho show; compressed with gzip if the name of FILE ends in .gz.",
)
@click.option(
    "--python",
    "programs",
    multiple=True,
    metavar="[NAME=]PYTHON",
    help="Run the servers with this Python: a path, a name on the PATH, or the directory of a virtual environment. "
    "Repeatable; all selects each version on the PATH. Reports call it NAME, or else by its version.  "
    "[default: this Python]",
)
@click.option(
    "--reference",
    default="",
    type=TargetName(),
    metavar="TARGET[@NAME]",
    help="Show ratios relative to this target. If it is not among the targets, it is measured as well. NAME is that of "
    "a --python; without NAME, the first --python that can load the target is used. Where the target has no figures, "
    "ratios are relative to native.  [default: native]",
)
@click.option(
    "--ab",
    nargs=2,
    metavar="BASE NEW",
    help="Measure two sides side by side until it is decided which one costs more, or that the difference is not "
    "larger than --precision. Both sides are targets, TARGET or TARGET@NAME, or both are Pythons, @NAME, which are "
    "compared for each TARGET. NAME is that of a --python, or the path of a Python.",
)
@click.option(
    "--fail-above",
    multiple=True,
    type=LimitText(),
    metavar="[QUANTITY=]PERCENT",
    help="Exit with status 1 if a quantity is known to exceed that of BASE (with --ab) or of --reference by more than "
    "this many percent (the whole interval of the ratio is above it). Repeatable; "
    f"QUANTITY is one of {QUANTITY_NAMES}. With --count, cpu means instructions and is the only valid quantity.  "
    "[default quantity: cpu]",
)
@click.option("--cold", is_flag=True, help="Also measure each server before any of its connections has ended.")
@click.option(
    "--rounds",
    type=Number(1, 10000),
    help="Maximum number of rounds.  "
    + _defaults("rounds", f"with --count: {COUNTED.rounds}", f"with --ab: {ab.ROUNDS}"),
)
@click.option(
    "--precision",
    type=Number(0.0, 100.0),
    help="Stop when every ratio is known to ± this many percent; 0 disables this. With --ab: the largest difference "
    "that does not matter, in percent.  "
    + _defaults("precision", f"with --count: {COUNTED.precision:g}", f"with --ab: {ab.TIMED.margin_percent:g}"),
)
@click.option(
    "--seconds",
    type=Number(0.01, 3600.0),
    help=f"Duration of a trial, in seconds.  {_defaults('seconds', f'with --ab: {ab.SECONDS:g}')}",
)
@click.option(
    "--budget",
    type=Number(0.0, 1e6),
    help="Maximum duration of all rounds, in seconds.  "
    + _defaults(
        "budget",
        f"with --ab: {ab.TIMED.budget_seconds:g}",
        f"with both --ab and --count: {ab.COUNTED.budget_seconds:g}",
    ),
)
@click.option(
    "--seed",
    type=Number(0, 2**32),
    default=0,
    help="Seed for the order of the trials and for the content of the messages.",
)
@observation.options
@click.option(
    "--max-clients",
    type=click.IntRange(min=1),
    metavar="N",
    help="Number of clients that a target serves at the same time, if it does not declare it.",
)
@columns.option
@instructions.count_options
@click.option("--no-check", is_flag=True, help="Do not check conformance before measuring.")
@click.option("--even-if-failing", is_flag=True, help="Also measure servers that fail a check, and mark them.")
def command(targets: Sequence[str], families: Sequence[Family], save: Path | None, **options: Any) -> int:
    """Compare the cost and the speed of servers.

    \b
    upecho bench --quick
    upecho bench selectors asyncio asyncio+uvloop --family unix --save new.json
    upecho bench "cmd:./my-server --listen {address}" selectors
    upecho bench 127.0.0.1:9000 --pid 1234
    upecho bench --ab asyncio asyncio+uvloop
    upecho bench --count instructions selectors asyncio

    TARGET is NAME, NAME+LOOP or module:attribute; cmd:COMMAND, in which {address} stands for the address to listen on;
    or the address of a server that runs already, such as 127.0.0.1:9000 or unix:PATH. NAME+all stands for one target
    per event loop that is installed for the Python that runs upecho. The default is every server that upecho list
    shows, except naive ones such as textbook and those that are not installed. Each trial starts a new server process,
    unless the target is an address; the load engine runs in another process and compares every byte of every reply.

    Each table includes native, the baseline: the same protocol in C, which costs little more than the system calls.
    Ratios are relative to it, or to the target that --reference names. Both are left out of a table in which no other
    server can be measured. If upecho's C extension is missing and --reference is not given, ratios are relative to the
    cheapest server.
    Each ratio and its interval (±) are computed from pairs of trials in the same round. The servers of a table are
    sorted by their ratios, and those without figures follow.

    Rounds are measured until every ratio is known to --precision, or until --rounds or --budget is used up. With --ab,
    there is no baseline, and the run ends as soon as its question is decided.

    Exit status: 0 if no server failed and no limit is exceeded; 1 if the code of a target could not be loaded, if a
    server failed a check or a measurement, or if a limit of --fail-above is exceeded; 2 if the input was wrong; 3 if
    upecho or the machine failed.
    """  # noqa: D301 (\b is click's mark for lines that stay as they are)
    expect_usable_environment()
    if save:
        atomic_write.check(save)
    counting = instructions.counting(options)
    expect_distinct(options["fail_above"])
    expect_observable(options["fail_above"])
    check = partial(_checked, quickly=options["quick"])
    if options["ab"]:
        return measure(ab.ab_run(targets, families, options, check, counting), save)
    if options["fail_above"] and not options["reference"]:
        raise CallerError("--fail-above compares with something", hint="name it with --reference or --ab")
    limits = for_run(options["fail_above"], is_counted=counting is not None)
    return measure(comparison(targets, families, options, check, counting), save, options["columns"], limits=limits)


def _checked(cells: Sequence[PlannedCell], *, quickly: bool) -> list[PlannedCell]:
    """Run the checks that gate a measurement, and return the cells with those that failed."""
    from upecho.cli.bench.conformance import checked  # noqa: PLC0415 (imports the suite, which not every run needs)

    with as_interrupts():
        return checked(cells, quickly=quickly)
