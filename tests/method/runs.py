"""Real runs, short and many."""

import dataclasses
import math
from collections.abc import Iterator, Sequence

from upecho.load.engine import best
from upecho.measure.plan.cell_plan import every_cell
from upecho.measure.plan.cells import Cell
from upecho.measure.plan.scenarios import KIB, Scenario
from upecho.measure.plan.settings import Limits, RunSettings, Window
from upecho.measure.results import Results
from upecho.measure.run import Run
from upecho.measure.statistics.claims import MIN_ROUNDS
from upecho.net.address import Family
from upecho.serving.target import Target

BUSY = Scenario("busy", 16, KIB)
ALONE = Scenario("alone", 1, 64)


def measured(
    names: Sequence[str], scenario: Scenario, *, rounds: int, seed: int, seconds: float = 0.06, precision: float = 0.0
) -> Results:
    """Measure targets over Unix sockets as ``upecho bench`` does, copies included, but in short windows."""
    window = Window(seconds / 3, seconds, seed, best())
    limits = Limits(rounds, math.inf, 2 * MIN_ROUNDS, precision, copies=True)
    targets = [Target.parse(name) for name in names]
    run = Run(every_cell(targets, [Family.UNIX], [scenario]), RunSettings(window, limits))
    for trial in run.measure(lambda cell, number: None):
        assert trial.is_valid, trial
    return run.results()


def undisturbed(run: Results) -> Results:
    """Return a run without its disturbances, which must be no excuse for claiming nothing here."""
    return dataclasses.replace(run, trials=tuple(dataclasses.replace(one, disturbances=()) for one in run.trials))


def cell(target: str, scenario: Scenario) -> Cell:
    """Return the cell of a target in such a run."""
    return Cell(target, Family.UNIX, scenario.name)


def neighbours(runs: Sequence[Results]) -> Iterator[tuple[Results, Results]]:
    """Yield the first run with the second, the third with the fourth, and so on."""
    yield from zip(runs[::2], runs[1::2], strict=False)
