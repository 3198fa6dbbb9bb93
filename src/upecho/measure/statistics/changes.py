"""Two runs compared, cell by cell: whether a request costs more in NEW than it did in BASE.

Trials of two runs are no pairs, so ratios are Welch's. A machine that was slower in one of the runs would look like a
dearer server; where both runs measured the baseline, each cost is therefore divided by that of the baseline in its round.
A difference is claimed as within one run: where chance would make it less than once in twenty comparisons, corrected
for all of them, and where it is greater than what the same server differs by from itself in either run.

What slows down the baseline may slow down a server by the same share, or hardly: a processor that is shared does the
one, fewer requests at each waking of the baseline the other. A difference has to be one if all of the baseline's is
taken from it, and if nothing is: then it is one whatever part of that the server had. This is an intersection-union
test: Berger, Multiparameter Hypothesis Testing and Acceptance Sampling, Technometrics 24, 1982.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields

from upecho.measure.cells import Name
from upecho.measure.results import Results
from upecho.measure.statistics.claims import FEWEST, Claims, Verdict
from upecho.measure.statistics.costs import Group
from upecho.measure.statistics.ratios import CONFIDENCE, Mean, Ratio, holm, unpaired
from upecho.measure.statistics.summary import Row, summarise
from upecho.support.errors import CallerError

BASE, NEW = "BASE", "NEW"


@dataclass(frozen=True)
class Change:
    """What became of a cell that has numbers in both runs.

    Attributes:
        base: the cell in the first run.
        new: the cell in the second run.
        ratio: of the costs, NEW to BASE; divided by the baseline's where its group has one in both.
        verdict: what can be said of it.
    """

    base: Row
    new: Row
    ratio: Ratio
    verdict: Verdict

    @property
    def name(self) -> Name:
        """Which cell it is."""
        return self.new.cell.name

    @property
    def costs_more(self) -> bool:
        """Whether a request certainly costs more than it did."""
        return self.verdict is Verdict.DIFFERENT and self.ratio.ratio > 1


@dataclass(frozen=True)
class Absence:
    """A cell that cannot be compared, though one of the runs has numbers for it.

    Attributes:
        name: which cell it is.
        reason: why, in a few words.
        broke: it has numbers in BASE, and in NEW the target did something wrong.
    """

    name: Name
    reason: str
    broke: bool = False


class Changes:
    """What became of the cells of a run in a later one.

    Attributes:
        results: the two runs, BASE and NEW.
        claims: what the trials of each support.
        cells: those with numbers in both, in the order of NEW, but for baselines that the others are divided by.
        absent: those with numbers in one of them only.
        baselines: how the cost of each such baseline itself changed.
        floors: by how much, as a share, the same server seems to differ from itself, in the worse of both runs; only
            for groups where somebody looked.
    """

    def __init__(self, base: Results, new: Results) -> None:
        """Compare two runs.

        Raises:
            CallerError: they have nothing in common, or what they have was not measured alike.
        """
        _expect_alike(base, new)
        self.results = {BASE: base, NEW: new}
        self.claims = {run: Claims(results) for run, results in self.results.items()}
        before, after = ({row.cell.name: row for row in summarise(results)} for results in self.results.values())
        reasons = {name: _why_not(before.get(name), after.get(name)) for name in [*after, *before]}
        both = [name for name, absence in reasons.items() if absence is None]
        self.absent = tuple(
            absence
            for name, absence in reasons.items()
            if absence and any(row and row.numbers for row in (before.get(name), after.get(name)))
        )
        if not both and not any(absence.broke for absence in self.absent):
            raise CallerError(_nothing_in_common(before, after))
        dividers = self._dividers(both)
        self.baselines = {name.group: unpaired(*self._logs(name, None)) for name in dividers.values()}
        logs = {name: self._logs(name, dividers.get(name.group)) for name in both if name not in dividers.values()}
        self.floors = self._floors({name.group for name in logs})
        differences = {name: self._differences(name, logs[name]) for name in logs}
        p_values = holm({name: max(way.p_value for way in ways) for name, ways in differences.items()})
        self.cells = tuple(
            Change(before[name], after[name], unpaired(*logs[name]), self._verdict(name, ways, p_values[name]))
            for name, ways in differences.items()
        )

    @property
    def broken(self) -> list[Absence]:
        """The cells that had numbers, and fail now."""
        return [absence for absence in self.absent if absence.broke]

    def beyond(self, share: float) -> list[Change]:
        """Return the cells that certainly cost more, and by more than that share."""
        return [change for change in self.cells if change.costs_more and change.ratio.ratio > 1 + share]

    def undecided(self) -> list[Change]:
        """Return the cells of which nothing can be said."""
        return [change for change in self.cells if change.verdict in (Verdict.TOO_FEW, Verdict.TOO_BUSY)]

    def _dividers(self, names: list[Name]) -> dict[Group, Name]:
        """Return the baselines by which the others of their groups can be divided in both runs."""
        found = {}
        for baseline in filter(lambda name: name.is_baseline, names):
            others = [name for name in names if name.group == baseline.group and name != baseline]
            if others and all(all(self._logs(name, baseline)) for name in others):
                found[baseline.group] = baseline
        return found

    def _logs(self, name: Name, baseline: Name | None) -> tuple[list[float], list[float]]:
        """Return the logarithms of a cell's costs in NEW and in BASE, round by round."""
        base, new = (
            claims.costs.pairs(name, baseline) if baseline else list(claims.costs.logs(name).values())
            for claims in self.claims.values()
        )
        return new, base

    def _floors(self, groups: set[Group]) -> dict[Group, float]:
        floors = {group: [claims.floor(group) for claims in self.claims.values()] for group in groups}
        known = {group: [floor for floor in both if floor is not None] for group, both in floors.items()}
        return {group: max(both) for group, both in known.items() if both}

    def _differences(self, name: Name, logs: tuple[list[float], list[float]]) -> list[Mean]:
        """Return by how much a cell changed: divided by the baseline, where there is one, and as it is."""
        return [Mean.of(new).minus(Mean.of(base)) for new, base in (logs, self._logs(name, None))]

    def _verdict(self, name: Name, differences: list[Mean], p_value: float) -> Verdict:
        if min(one.samples for one in differences) < FEWEST:
            return Verdict.TOO_FEW
        if any(claims.is_too_busy for claims in self.claims.values()):
            return Verdict.TOO_BUSY
        floor = math.log1p(self.floors.get(name.group, 0.0))
        middles = [one.middle for one in differences]
        beyond = min(middles) > floor or max(middles) < -floor
        return Verdict.DIFFERENT if p_value < 1 - CONFIDENCE and beyond else Verdict.NO_DIFFERENCE


def _expect_alike(base: Results, new: Results) -> None:
    engines = [
        ", ".join(sorted({run.window.engine} | {trial.load.engine for trial in run.trials if trial.load}))
        for run in (base, new)
    ]
    if engines[0] != engines[1]:
        raise CallerError(
            f"{BASE} was measured by the load engine {engines[0]}, {NEW} by {engines[1]}: "
            "their figures cannot be compared; repeat one with --engine"
        )
    loads = {scenario.name: scenario for scenario in base.scenarios}
    for scenario in new.scenarios:
        other = loads.get(scenario.name, scenario)
        keys = [field.name for field in fields(scenario) if getattr(scenario, field.name) != getattr(other, field.name)]
        if keys:
            shown = ", ".join(f"{key} {getattr(other, key)!r} and {getattr(scenario, key)!r}" for key in keys)
            raise CallerError(f"the scenario {scenario.name!r} is not the same load in {BASE} and {NEW}: {shown}")


def _why_not(before: Row | None, after: Row | None) -> Absence | None:
    """Say why a cell cannot be compared; None if it can."""
    if not before or not after:
        there, row = (NEW, after) if after else (BASE, before)
        assert row
        return Absence(row.cell.name, f"only in {there}")
    name = after.cell.name
    if not after.numbers:
        return Absence(name, f"{NEW}: {after.reason}", broke=after.failed)
    if not before.numbers:
        return Absence(name, f"{BASE}: {before.reason}")
    if (before.numbers.cpu_ns is None) != (after.numbers.cpu_ns is None):
        return Absence(name, f"CPU time is known only in {NEW if after.numbers.cpu_ns else BASE}")
    return None


def _nothing_in_common(before: Mapping[Name, Row], after: Mapping[Name, Row]) -> str:
    counts = [sum(bool(row.numbers) for row in rows.values()) for rows in (before, after)]
    return (
        f"nothing to compare: {BASE} has numbers for {counts[0]} cells and {NEW} for {counts[1]}, but none is in both; "
        "target, family, scenario, cold and Python have to be the same"
    )
