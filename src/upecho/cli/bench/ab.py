"""The run of ``upecho bench --ab BASE NEW``: which cells are compared, and how."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from upecho.cli.bench import choices, engine_cores, instructions
from upecho.cli.bench.ab_sides import Side, sides
from upecho.cli.bench.comparison import Check
from upecho.cli.limit_parameter import for_run
from upecho.load.engine import best
from upecho.measure.plan import pythons
from upecho.measure.plan.ab_test import ABTest, Pair
from upecho.measure.plan.cell_plan import PlannedCell
from upecho.measure.plan.cells import Cell, Reference
from upecho.measure.plan.scenarios import THROUGHPUT, Scenario
from upecho.measure.plan.settings import Counting, Limits, RunSettings, Window
from upecho.measure.run import Run
from upecho.measure.statistics.quantities import CPU, INSTRUCTIONS, SYSTEM_CALLS, Quantity
from upecho.measure.statistics.sequential import FIRST_LOOK
from upecho.net.address import Family
from upecho.processes.linux import procfs
from upecho.serving.target import Kind, Target
from upecho.support.errors import CallerError, TargetError

SECONDS, WARM_UP_SECONDS, WINDOW_SECONDS = 0.6, 0.1, 0.1
ROUNDS = 110
REFUSED = {
    "reference": "--reference",
    "cold": "--cold",
    "quick": "--quick",
    "columns": "--columns",
    "pids": "--pid",
    "groups": "--cgroup",
}


@dataclass(frozen=True)
class Question:
    """What is asked unless the user asks something else.

    Attributes:
        quantity: What is compared.
        families: Families to compare it over.
        scenarios: Loads to compare it under.
        margin_percent: Difference that does not matter, in percent.
        budget_seconds: Maximum duration of all rounds, in seconds.
    """

    quantity: Quantity
    families: Sequence[Family]
    scenarios: Sequence[Scenario]
    margin_percent: float
    budget_seconds: float


TIMED = Question(CPU, (Family.INET,), (THROUGHPUT,), margin_percent=1.0, budget_seconds=60.0)
# Four rounds of Callgrind, the fewest that give an interval, take a minute and a half, and longer on a busy machine.
COUNTED = Question(
    INSTRUCTIONS,
    instructions.FAMILIES,
    (instructions.LOCKSTEP,),
    margin_percent=0.1,
    budget_seconds=900.0,
)


def ab_run(
    targets: Sequence[str],
    families: Sequence[Family],
    options: dict[str, Any],
    check: Check,
    counting: Counting | None = None,
) -> Run:
    """Return the run of an A/B test.

    Args:
        targets: The targets that the user named beside the two sides.
        families: The families that the user named.
        options: The other options of the command.
        check: Checks the conformance of cells, and returns them with the checks that failed.
        counting: How instructions are counted; None if CPU time is compared.

    Raises:
        CallerError: The two sides cannot be compared.
        TargetError: The code of a target cannot be loaded.
    """
    _expect_possible(options)
    question = COUNTED if counting else TIMED
    pairs = sides(options["ab"], targets, pythons.named(options["programs"]))
    scenarios = _scenarios(options, question)
    parsed = _targets(pairs, options["max_clients"])
    planned = [
        [_cell(one, parsed, family, scenario) for one in pair]
        for scenario, family, pair in itertools.product(scenarios, choices.families(families, question.families), pairs)
    ]
    cells = list(dict.fromkeys(itertools.chain.from_iterable(planned)))
    for one in cells:
        if one.target.kind is Kind.ADDRESS:
            raise CallerError(one.cell.target, subject="--ab cannot compare a server that runs already")
        if one.unsupported:
            raise CallerError(one.unsupported, subject=f"cannot compare {one.cell.target} in {one.cell.group}")
    for one, reason in pythons.unloadable(cells).items():
        raise CallerError(reason, subject=f"cannot run {one.cell.target} on {one.cell.python}")
    test = ABTest(
        tuple(Pair(base.cell, new.cell) for base, new in planned),
        question.quantity.name,
        margin=(question.margin_percent if options["precision"] is None else options["precision"]) / 100,
        limits=for_run(options["fail_above"], is_counted=counting is not None),
        windows=2 * max(1, round((options["seconds"] or SECONDS) / WINDOW_SECONDS / 2)),
    )
    return Run(cells if options["no_check"] else check(cells), _settings(test, options, question, counting))


def _expect_possible(options: dict[str, Any]) -> None:
    """Make sure that the options have a meaning in an A/B test, and that the system reports what it compares.

    Raises:
        CallerError: An option has none.
        Unavailable: The system does not report it.
    """
    for key, option in REFUSED.items():
        if options[key]:
            raise CallerError(f"{option} has no meaning with --ab")
    if any(one.quantity == SYSTEM_CALLS.name for one in options["fail_above"]):
        raise CallerError("--ab does not count system calls", hint="compare with --reference and --columns syscalls")
    procfs.expect_available("--ab")


def _targets(pairs: Sequence[Sequence[Side]], max_clients: int | None) -> dict[str, Target]:
    """Return the targets by the text that the user wrote.

    Raises:
        CallerError: A target does not exist.
        TargetError: The code of a target cannot be loaded.
    """
    every = list(itertools.chain.from_iterable(pairs))
    names = list(dict.fromkeys(one.target for one in every))
    interpreters = dict.fromkeys(one.interpreter for one in every if one.interpreter)
    found = choices.tried(names, "", list(interpreters))
    for name, reason in found.unusable.items():
        raise TargetError(reason, subject=f"cannot compare {name}")
    return {one.text: one for one in choices.targets(names, found, max_clients)}


def _cell(side: Side, targets: dict[str, Target], family: Family, scenario: Scenario) -> PlannedCell:
    cell = Cell(side.target, family, scenario.name, python=side.python)
    return PlannedCell(cell, targets[side.target], scenario, side.interpreter)


def _scenarios(options: dict[str, Any], question: Question) -> list[Scenario]:
    """Return the scenarios that the user named, or else the default ones.

    Raises:
        CallerError: A scenario does not exist, or cannot be measured in an A/B test.
    """
    found = choices.scenarios(options["scenarios"], options["engine"] or best(), question.scenarios)
    for scenario in found:
        if scenario.share is not None:
            raise CallerError(f"--ab cannot measure the scenario {scenario.title}", hint="use one without a schedule")
    if question is COUNTED:
        instructions.expect_lockstep(found)
    return found


def _settings(test: ABTest, options: dict[str, Any], question: Question, counting: Counting | None) -> RunSettings:
    window = Window(
        WARM_UP_SECONDS, options["seconds"] or SECONDS, seed=options["seed"], engine=options["engine"] or best()
    )
    limits = Limits(
        rounds=options["rounds"] or ROUNDS,
        budget_seconds=question.budget_seconds if options["budget"] is None else options["budget"],
        min_rounds=FIRST_LOOK,
        precision=test.margin,
    )
    base = test.pairs[0].base
    return RunSettings(
        window,
        limits,
        checked=not options["no_check"],
        even_if_failing=options["even_if_failing"],
        reference=Reference(base.target, base.python),
        ab_test=test,
        counting=counting,
        cores=engine_cores.divided(options["engine_cores"], window.engine),
    )
