"""What the trials of a run support: which cells differ in cost, and which cannot be distinguished."""

import enum
import itertools
import math
from collections.abc import Sequence
from functools import cached_property

from upecho.measure.plan.cells import Cell, Group
from upecho.measure.results import Results
from upecho.measure.statistics import noise, sequential
from upecho.measure.statistics.costs import Costs
from upecho.measure.statistics.quantities import COST, Quantity
from upecho.measure.statistics.ratios import CONFIDENCE, Estimate, Ratio, holm, paired

MIN_ROUNDS = 4  # with fewer, no interval is shown and nothing is claimed


class Verdict(enum.StrEnum):
    """The conclusion of a comparison."""

    DIFFERENT = "different"
    NO_DIFFERENCE = "no difference detected"
    TOO_FEW = "too few rounds"
    TOO_BUSY = "machine too busy"


class Claims:
    """The conclusions that the trials of a run support.

    Attributes:
        costs: Cost of each cell in each round.
        confidence: Confidence of the intervals, which is higher in an A/B test, because it looks at them repeatedly.
    """

    def __init__(self, results: Results, quantity: Quantity = COST) -> None:
        """Take the trials of a run.

        Args:
            results: The run.
            quantity: What is compared.
        """
        self.costs = Costs(results.trials, results.reference, quantity)
        self.confidence = sequential.confidence(results.ab_test) if results.ab_test else CONFIDENCE
        self._disturbed = sum(bool(trial.disturbances) for trial in results.trials)
        self._throttled = sum(trial.was_throttled for trial in results.trials)
        self._trials = len(results.trials)

    @property
    def disturbed(self) -> float:
        """The share of trials that were disturbed."""
        return self._disturbed / self._trials if self._trials else 0.0

    @property
    def throttled(self) -> float:
        """The share of trials in which a CPU quota stopped the engine or the server; they count as disturbed."""
        return self._throttled / self._trials if self._trials else 0.0

    @property
    def is_too_busy(self) -> bool:
        """Whether so many trials were disturbed that nothing is claimed."""
        return self.disturbed > noise.MAX_DISTURBED

    def ratio(self, cell: Cell) -> Ratio:
        """Return the ratio of a cell's cost to that of the reference of its group, with its interval."""
        return paired(self.costs.pairs(cell, self.reference(cell.group)), self.confidence)

    def reference(self, group: Group) -> Cell:
        """Return the cell that the ratios of a group are relative to."""
        return self._references[group]

    def floor(self, group: Group) -> float | None:
        """Return how far a server may seem to differ from itself (A/A), as a share; None with fewer than two copies."""
        return self._floors.get(group)

    def verdict(self, first: Cell, second: Cell) -> Verdict:
        """Conclude whether two cells of a group differ in cost."""
        logs = self.costs.pairs(first, second)
        if len(logs) < MIN_ROUNDS:
            return Verdict.TOO_FEW
        if self.is_too_busy:
            return Verdict.TOO_BUSY
        p_value = self._p_values[frozenset((first, second))]
        difference = math.expm1(abs(Estimate.of(logs).mean))
        exceeds_floor = difference > (self.floor(first.group) or 0.0)
        return Verdict.DIFFERENT if p_value < 1 - self.confidence and exceeds_floor else Verdict.NO_DIFFERENCE

    @cached_property
    def _references(self) -> dict[Group, Cell]:
        return {group: self.costs.reference(group) for group in self.costs.groups()}

    @cached_property
    def _floors(self) -> dict[Group, float | None]:
        return {group: _floor(self.costs.copies(group)) for group in self.costs.groups()}

    @cached_property
    def _p_values(self) -> dict[frozenset[Cell], float]:
        """The p-values of all comparisons that the run allows, corrected for their number."""
        values = {}
        for cells in self.costs.groups().values():
            for first, second in itertools.combinations(cells, 2):
                if logs := self.costs.pairs(first, second):
                    values[frozenset((first, second))] = Estimate.of(logs).p_value
        return holm(values)


def _floor(copies: Sequence[float]) -> float | None:
    """Return A/A from the logarithms of the ratios of copies; None with fewer than two."""
    if len(copies) < 2:
        return None
    estimate = Estimate.of(copies)
    return math.expm1(abs(estimate.mean) + estimate.half_width())
