"""Real runs, short and many."""

import dataclasses
import math
from collections.abc import Iterator, Sequence

from upecho.measure.cells import KIB, Name, Scenario
from upecho.measure.results import Results
from upecho.measure.rounds import Limits
from upecho.measure.run import Run, Terms, every_cell
from upecho.measure.statistics.claims import FEWEST
from upecho.measure.trials import Window
from upecho.net.address import Family

BUSY = Scenario("busy", 16, KIB)
ALONE = Scenario("alone", 1, 64)


def measured(
    targets: Sequence[str], scenario: Scenario, *, rounds: int, seed: int, seconds: float = 0.06, precision: float = 0.0
) -> Results:
    """Measure targets over Unix sockets as ``upecho bench`` does, copies included, but in short windows."""
    window = Window(seconds / 3, seconds, seed)
    limits = Limits(rounds, math.inf, 2 * FEWEST, precision, copies=True)
    run = Run(every_cell(targets, [Family.UNIX], [scenario]), Terms(window, limits))
    for trial in run.measure(lambda cell, number: None):
        assert not trial.failure + trial.void, trial
    return run.results()


def undisturbed(run: Results) -> Results:
    """Return a run with no word of disturbances: a busy machine is no excuse here to claim nothing."""
    return dataclasses.replace(run, trials=tuple(dataclasses.replace(one, disturbances=()) for one in run.trials))


def name(target: str, scenario: Scenario) -> Name:
    """Return the cell of a target in such a run."""
    return Name(target, Family.UNIX.value, scenario.name)


def neighbours(runs: Sequence[Results]) -> Iterator[tuple[Results, Results]]:
    """Yield the first run with the second, the third with the fourth, and so on."""
    yield from zip(runs[::2], runs[1::2], strict=False)
