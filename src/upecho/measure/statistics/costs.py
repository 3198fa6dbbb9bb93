"""The cost of a request in each cell and round, as a logarithm: the samples of all comparisons."""

import enum
import itertools
import math
import statistics
from collections import Counter
from collections.abc import Iterable

from upecho.measure.plan.cells import Cell, Group, Reference
from upecho.measure.statistics.plausibility import Void, are_exceptions
from upecho.measure.statistics.quantities import COST, Quantity
from upecho.measure.statistics.ratios import paired
from upecho.measure.trials import Trial

BASELINE = Reference()


class Basis(enum.IntEnum):
    """What the cost of a request was measured as; the smallest of a group is what its cells are compared by."""

    CPU = 0
    CPU_ON_SHARED_CORE = 1
    ELAPSED = 2

    @property
    def words(self) -> str:
        """The basis in a few words."""
        return ("CPU time", "CPU time on the core of the load engine", "elapsed time")[self]


class Costs:
    """The costs of cells, round by round; a cell that failed or is void has none, nor has a trial that does not tell.

    Only costs of one basis are compared, and a cell of another basis than the rest of its group has none.
    """

    def __init__(
        self,
        trials: Iterable[Trial] = (),
        reference: Reference = BASELINE,
        quantity: Quantity = COST,
    ) -> None:
        """Take the costs that trials have measured.

        Args:
            trials: Trials to begin with.
            reference: What the cells of a group are compared with if it has costs there.
            quantity: What counts as the cost.
        """
        self._quantity = quantity
        self._reference = reference
        self._logs: dict[Cell, dict[int, list[float]]] = {}
        self._failed: set[Cell] = set()
        self._voids: dict[Cell, list[Void]] = {}
        self._trials: Counter[Cell] = Counter()
        self._bases: dict[Cell, Basis] = {}
        self._cells: dict[Group, dict[Cell, None]] = {}
        self._comparable: dict[Group, Basis] = {}
        for trial in trials:
            self.add(trial)

    def add(self, trial: Trial) -> None:
        """Add the cost that a trial has measured."""
        cell = trial.cell
        self._trials[cell] += 1
        if trial.void:
            self._voids.setdefault(cell, []).append(trial.void)
        elif not trial.is_valid:
            self._failed.add(cell)
            if self._logs.pop(cell, None):
                del self._cells[cell.group][cell]
                self._compare(cell.group)
        elif cell not in self._failed and (value := self._quantity.of(trial)):
            rounds = self._logs.setdefault(cell, {})
            rounds.setdefault(trial.round, []).append(math.log(value))
            before = self._bases.get(cell)
            self._bases[cell] = max(before or Basis.CPU, _basis(trial))
            if self._bases[cell] is not before:
                self._cells.setdefault(cell.group, {})[cell] = None
                self._compare(cell.group)

    def _compare(self, group: Group) -> None:
        """Find out what the cells of a group are compared by."""
        self._comparable[group] = min((self._bases[cell] for cell in self._cells[group]), default=Basis.CPU)

    def groups(self) -> dict[Group, list[Cell]]:
        """Return the cells that have costs, by group."""
        found: dict[Group, list[Cell]] = {}
        for cell in filter(self.has_costs, self._logs):
            found.setdefault(cell.group, []).append(cell)
        return found

    def logs(self, cell: Cell) -> dict[int, float]:
        """Return the logarithm of the cost in each round; the mean if the cell was measured twice in it."""
        rounds = self._logs.get(cell, {}) if self.has_costs(cell) else {}
        return {number: statistics.fmean(logs) for number, logs in rounds.items()}

    def pairs(self, first: Cell, second: Cell) -> list[float]:
        """Return the logarithm of the ratio of two cells, for each round that has both."""
        one, other = self.logs(first), self.logs(second)
        return [one[number] - other[number] for number in one.keys() & other.keys()]

    def copies(self, group: Group) -> list[float]:
        """Return the logarithms of the ratios between two trials of one cell in one round."""
        found = []
        for cell, rounds in self._logs.items():
            if cell.group == group and self.has_costs(cell):
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

    def basis(self, cell: Cell) -> Basis:
        """Return what the costs of a cell with valid trials were measured as."""
        return self._bases[cell]

    def has_costs(self, cell: Cell) -> bool:
        """Whether a cell with valid trials can be compared with the others of its group."""
        if not are_exceptions(self._voids.get(cell, []), self._trials[cell]):
            return False
        return self._quantity is not COST or self._bases.get(cell) == self._comparable.get(cell.group)

    def _median(self, cell: Cell) -> float:
        return statistics.median(self.logs(cell).values())


def _basis(trial: Trial) -> Basis:
    if not trial.load or trial.load.server is None:
        return Basis.ELAPSED
    return Basis.CPU_ON_SHARED_CORE if trial.shares_core else Basis.CPU
