"""What requests cost in each round, as logarithms: what comparisons are made of."""

import itertools
import math
import statistics
from collections.abc import Iterable

from upecho.load.plan import LoadResult
from upecho.measure.cells import Name
from upecho.measure.statistics.ratios import Mean
from upecho.measure.trials import Trial

Group = tuple[str, str]


def cost_ns(load: LoadResult) -> float:
    """Return what a request cost: CPU time of the server, or all time where the system does not tell that one."""
    return (load.elapsed_ns if load.server_cpu_ns is None else load.server_cpu_ns) / load.requests


class Costs:
    """The costs of cells, round by round; a cell in which anything went wrong has none."""

    def __init__(self, trials: Iterable[Trial] = ()) -> None:
        self._logs: dict[Name, dict[int, list[float]]] = {}
        self._wrong: set[Name] = set()
        for trial in trials:
            self.add(trial)

    def add(self, trial: Trial) -> None:
        """Take a trial into account."""
        if trial.failure or trial.void or not trial.load:
            self._wrong.add(trial.name)
            self._logs.pop(trial.name, None)
        elif trial.name not in self._wrong:
            rounds = self._logs.setdefault(trial.name, {})
            rounds.setdefault(trial.round, []).append(math.log(cost_ns(trial.load)))

    def groups(self) -> dict[Group, list[Name]]:
        """Return the cells that have costs, those together that can be compared."""
        found: dict[Group, list[Name]] = {}
        for name in self._logs:
            found.setdefault(name.group, []).append(name)
        return found

    def logs(self, name: Name) -> dict[int, float]:
        """Return the logarithm of the cost in each round; of a cell that was measured twice in it, the mean."""
        return {number: statistics.fmean(logs) for number, logs in self._logs.get(name, {}).items()}

    def pairs(self, first: Name, second: Name) -> list[float]:
        """Return the logarithms of the ratio of two cells in each round that has both."""
        one, other = self.logs(first), self.logs(second)
        return [one[number] - other[number] for number in one.keys() & other.keys()]

    def copies(self, group: Group) -> list[float]:
        """Return the logarithms of the ratios of the first to the second of the same cell in the same round."""
        found = []
        for name, rounds in self._logs.items():
            if name.group == group:
                found += [one - other for logs in rounds.values() for one, other in itertools.pairwise(logs)]
        return found

    def reference(self, group: Group) -> Name:
        """Return the cell that the others of a group are compared with: the baseline, or else the cheapest one."""
        names = self.groups()[group]
        return next((name for name in names if name.is_baseline), None) or min(names, key=self.middle)

    def middle(self, name: Name) -> float:
        """Return the median cost of a cell over the rounds, as a logarithm."""
        return statistics.median(self.logs(name).values())

    def precision(self, group: Group) -> float:
        """Return half the widest interval of a group's ratios, as a share; infinite before the second round.

        A cell that is compared with nothing has the same said of its own cost.
        """
        names, reference = self.groups()[group], self.reference(group)
        samples = [self.pairs(name, reference) for name in names if name != reference]
        reach = max(Mean.of(logs).reach() for logs in samples or [list(self.logs(reference).values())])
        return math.sinh(min(reach, 100.0)) if math.isfinite(reach) else math.inf
