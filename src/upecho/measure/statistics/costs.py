"""The cost of a request in each cell and round, as a logarithm: the samples of all comparisons."""

import itertools
import math
import statistics
from collections.abc import Callable, Iterable

from upecho.load.plan import LoadResult
from upecho.measure.plan.cells import Cell, Group, Reference
from upecho.measure.statistics.ratios import paired
from upecho.measure.trials import Trial

BASELINE = Reference()


def cost_ns(load: LoadResult) -> float:
    """Return the cost of a request in nanoseconds.

    It is the CPU time of the server, or the elapsed time if the system does not report CPU time.
    """
    return (load.elapsed_ns if load.server_cpu_ns is None else load.server_cpu_ns) / load.requests


def interval_ns(load: LoadResult) -> float:
    """Return the mean time between two replies in nanoseconds: the inverse of the requests per second."""
    return load.elapsed_ns / load.requests


class Costs:
    """The costs of cells, round by round; a cell with an invalid trial has none."""

    def __init__(
        self,
        trials: Iterable[Trial] = (),
        reference: Reference = BASELINE,
        quantity: Callable[[LoadResult], float] = cost_ns,
    ) -> None:
        """Take the costs that trials have measured.

        Args:
            trials: Trials to begin with.
            reference: What the cells of a group are compared with if it has costs there.
            quantity: What counts as the cost, as a function of a load; always above 0.
        """
        self._quantity = quantity
        self._reference = reference
        self._logs: dict[Cell, dict[int, list[float]]] = {}
        self._invalid: set[Cell] = set()
        for trial in trials:
            self.add(trial)

    def add(self, trial: Trial) -> None:
        """Add the cost that a trial has measured."""
        cell = trial.cell
        if not trial.load or not trial.is_valid:
            self._invalid.add(cell)
            self._logs.pop(cell, None)
        elif cell not in self._invalid:
            rounds = self._logs.setdefault(cell, {})
            rounds.setdefault(trial.round, []).append(math.log(self._quantity(trial.load)))

    def groups(self) -> dict[Group, list[Cell]]:
        """Return the cells that have costs, by group."""
        found: dict[Group, list[Cell]] = {}
        for cell in self._logs:
            found.setdefault(cell.group, []).append(cell)
        return found

    def logs(self, cell: Cell) -> dict[int, float]:
        """Return the logarithm of the cost in each round; the mean if the cell was measured twice in it."""
        return {number: statistics.fmean(logs) for number, logs in self._logs.get(cell, {}).items()}

    def pairs(self, first: Cell, second: Cell) -> list[float]:
        """Return the logarithm of the ratio of two cells, for each round that has both."""
        one, other = self.logs(first), self.logs(second)
        return [one[number] - other[number] for number in one.keys() & other.keys()]

    def copies(self, group: Group) -> list[float]:
        """Return the logarithms of the ratios between two trials of one cell in one round."""
        found = []
        for cell, rounds in self._logs.items():
            if cell.group == group:
                found += [one - other for logs in rounds.values() for one, other in itertools.pairwise(logs)]
        return found

    def reference(self, group: Group) -> Cell:
        """Return the cell that the others of a group are compared with.

        It is the reference of the run, or else the baseline, or else the cheapest cell.
        """
        cells = self.groups()[group]
        preferred = (cell for one in (self._reference, BASELINE) for cell in cells if one.is_cell(cell))
        return next(preferred, None) or min(cells, key=self._median)

    def precision(self, group: Group) -> float:
        """Return the precision of the group's least precise ratio; infinite before the second round.

        If a group has one cell only, the precision is that of its own cost.
        """
        cells, reference = self.groups()[group], self.reference(group)
        samples = [self.pairs(cell, reference) for cell in cells if cell != reference]
        return max(paired(logs).precision for logs in samples or [list(self.logs(reference).values())])

    def _median(self, cell: Cell) -> float:
        return statistics.median(self.logs(cell).values())
