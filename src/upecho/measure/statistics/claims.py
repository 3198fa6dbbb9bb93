"""What can be said of a run: which servers differ in cost, and which cannot be told apart.

A difference is claimed where chance would make it less than once in twenty runs, corrected for all comparisons that
could have been made in the run, and where it is greater than what the same server differs by from itself (A/A).
"""

import enum
import itertools
import math
from functools import cached_property

from upecho.measure.cells import Name
from upecho.measure.results import Results
from upecho.measure.statistics import noise
from upecho.measure.statistics.costs import Costs, Group
from upecho.measure.statistics.ratios import CONFIDENCE, Mean, Ratio, holm, paired

FEWEST = 4  # rounds, without which nothing is claimed


class Verdict(enum.StrEnum):
    """What a comparison comes to."""

    DIFFERENT = "different"
    NO_DIFFERENCE = "no difference detected"
    TOO_FEW = "too few rounds to tell"
    TOO_BUSY = "the machine was too busy to conclude"


class Claims:
    """What the trials of a run support."""

    def __init__(self, results: Results) -> None:
        self.costs = Costs(results.trials)
        self._disturbed = sum(bool(trial.disturbances) for trial in results.trials)
        self._trials = len(results.trials)

    @property
    def disturbed(self) -> float:
        """The share of trials that were disturbed."""
        return self._disturbed / self._trials if self._trials else 0.0

    @property
    def is_too_busy(self) -> bool:
        """Whether so many trials were disturbed that nothing is claimed."""
        return self.disturbed > noise.TOO_MANY

    def ratio(self, name: Name) -> Ratio:
        """Return the ratio of a cell's cost to that of the reference of its group, with a 95 % interval."""
        return paired(self.costs.pairs(name, self.costs.reference(name.group)))

    def floor(self, group: Group) -> float | None:
        """Return by how much, as a share, the same server may seem to differ from itself; None if nobody looked."""
        logs = self.costs.copies(group)
        if len(logs) < 2:
            return None
        mean = Mean.of(logs)
        return math.expm1(abs(mean.middle) + mean.reach())

    def verdict(self, first: Name, second: Name) -> Verdict:
        """Say whether two cells of a group differ in cost."""
        logs = self.costs.pairs(first, second)
        if len(logs) < FEWEST:
            return Verdict.TOO_FEW
        if self.is_too_busy:
            return Verdict.TOO_BUSY
        p_value = self._p_values[frozenset((first, second))]
        difference = math.expm1(abs(Mean.of(logs).middle))
        beyond = difference > (self.floor(first.group) or 0.0)
        return Verdict.DIFFERENT if p_value < 1 - CONFIDENCE and beyond else Verdict.NO_DIFFERENCE

    @cached_property
    def _p_values(self) -> dict[frozenset[Name], float]:
        """The p-values of all comparisons there are in the run, corrected for their number."""
        values = {}
        for names in self.costs.groups().values():
            for first, second in itertools.combinations(names, 2):
                if logs := self.costs.pairs(first, second):
                    values[frozenset((first, second))] = Mean.of(logs).p_value
        return holm(values)
