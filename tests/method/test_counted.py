"""A change of less than 0.2 % of the instructions is found in every run, while all cores are busy."""

import math
import os
import shutil
import sys
from collections.abc import Iterator

import pytest

from upecho.load.engine import best
from upecho.measure.plan.cell_plan import every_cell
from upecho.measure.plan.cells import Cell
from upecho.measure.plan.scenarios import KIB, Scenario
from upecho.measure.plan.settings import Counting, Limits, RunSettings, Window
from upecho.measure.run import Run
from upecho.measure.statistics.claims import MIN_ROUNDS, Claims, Verdict
from upecho.measure.statistics.ratios import Ratio, paired
from upecho.net.address import Family
from upecho.processes.counting.callgrind import Callgrind
from upecho.processes.supervisor import Supervisor
from upecho.serving.target import Target

pytestmark = pytest.mark.skipif(not shutil.which("valgrind"), reason="valgrind is not installed")

LOCKSTEP = Scenario("lockstep", 1, KIB)
SHORT, SAME, LONG = (
    Cell(f"tests.method.planted:{name}", Family.UNIX, LOCKSTEP.name)
    for name in ("short_path", "same_path", "long_path")
)
REQUESTS = (500, 1500)
RUNS = 10
SMALLEST, LARGEST = 1.0005, 1.002  # ratios between which the planted one is on every Python


@pytest.fixture(autouse=True)
def busy() -> Iterator[None]:
    """Keep every core busy."""
    with Supervisor() as supervisor:
        for _ in range(os.cpu_count() or 1):
            supervisor.start([sys.executable, "-c", "while True: pass"])
        yield


def counted(*cells: Cell, seed: int) -> Claims:
    counter = Callgrind()
    settings = RunSettings(
        Window(0.1, 0.2, seed, best()),
        Limits(MIN_ROUNDS, math.inf, MIN_ROUNDS),
        counting=Counting(counter.name, counter.tool, REQUESTS),
    )
    targets = [Target.parse(cell.target) for cell in cells]
    run = Run(every_cell(targets, [Family.UNIX], [LOCKSTEP]), settings)
    for trial in run.measure(lambda _cell, _number: None):
        assert trial.is_valid, trial
    return Claims(run.results())


def ratio(claims: Claims, cell: Cell) -> Ratio:
    return paired(claims.costs.pairs(cell, SHORT))


@pytest.mark.parametrize("seed", range(RUNS))
def test_a_few_instructions_more_are_found(seed: int) -> None:
    claims = counted(SHORT, LONG, seed=seed)
    found = ratio(claims, LONG)
    print(f"{found.ratio:.5f} [{found.low:.5f}, {found.high:.5f}]")  # noqa: T201 (the figures in docs/guides/compare-two-builds.md)
    assert claims.verdict(SHORT, LONG) is Verdict.DIFFERENT
    assert SMALLEST < found.low < found.high < LARGEST


def test_same_server_counts_the_same() -> None:
    found = ratio(counted(SHORT, SAME, seed=RUNS), SAME)
    assert abs(found.ratio - 1) < (SMALLEST - 1) / 10
