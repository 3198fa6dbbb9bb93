"""Comparison of two runs, cell by cell: whether a request costs more in NEW than it did in BASE.

The trials of two runs are not paired, so the test is Welch's. If the machine was slower in one of the runs, every
server would look more expensive; where both runs measured the baseline, each cost is therefore divided by the
baseline's cost in the same round.

A slowdown of the machine does not affect all servers by the same factor. A shared processor slows down every server
alike, whereas a change in how many requests the baseline finds per wake-up affects the baseline alone. How much of
the baseline's change each server shared is unknown, so a change is claimed only if it is significant both with the
division and without it. This is an intersection-union test: Berger, Multiparameter Hypothesis Testing and Acceptance
Sampling, Technometrics 24, 1982. In addition the change has to exceed the A/A floor of both runs.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property

from upecho.measure.plan.cells import Cell, Group
from upecho.measure.results import Results
from upecho.measure.statistics.claims import MIN_ROUNDS, Verdict
from upecho.measure.statistics.ratios import CONFIDENCE, Estimate, Ratio, holm, paired, unpaired
from upecho.measure.statistics.summary import Row, Summary
from upecho.support.errors import CallerError

BASE, NEW = "BASE", "NEW"


@dataclass(frozen=True)
class Change:
    """How the cost of a cell changed that has figures in both runs.

    Attributes:
        base: Row of the cell in BASE.
        new: Row of the cell in NEW.
        ratio: Cost in NEW relative to BASE; each cost is divided by the baseline's if both runs measured that.
        verdict: Conclusion of the comparison.
        estimates: The change of the logarithm of the cost: divided by the baseline's cost, and not.
    """

    base: Row
    new: Row
    ratio: Ratio
    verdict: Verdict
    estimates: Sequence[Estimate]

    @property
    def cell(self) -> Cell:
        """The identity of the cell."""
        return self.new.cell

    @property
    def is_counted(self) -> bool:
        """Whether the costs are numbers of instructions."""
        return self.new.figures is not None and self.new.figures.instructions is not None

    @property
    def costs_more(self) -> bool:
        """Whether a request is known to cost more than before."""
        return self.verdict is Verdict.DIFFERENT and self.ratio.ratio > 1


@dataclass(frozen=True)
class Absence:
    """A cell that cannot be compared although one of the runs has figures for it.

    Attributes:
        cell: Identity of the cell.
        reason: Short reason.
        is_broken: Whether it has figures in BASE, and the target did something wrong in NEW.
    """

    cell: Cell
    reason: str
    is_broken: bool = False


@dataclass(frozen=True)
class _Samples:
    """The logarithms of the costs of one cell in both runs.

    Attributes:
        base: Costs in BASE.
        new: Costs in NEW.
        are_pairs: Whether the costs at the same place belong together.
    """

    base: Sequence[float]
    new: Sequence[float]
    are_pairs: bool = False

    @property
    def ratio(self) -> Ratio:
        return paired(self._pairs) if self.are_pairs else unpaired(self.new, self.base)

    @property
    def difference(self) -> Estimate:
        if self.are_pairs:
            return Estimate.of(self._pairs)
        return Estimate.of(self.new).minus(Estimate.of(self.base))

    @property
    def _pairs(self) -> list[float]:
        return [new - base for new, base in zip(self.new, self.base, strict=True)]


class Changes:
    """What changed between two runs.

    Attributes:
        summaries: Summaries of the two runs, keyed by BASE and NEW.
        cells: Changes of the cells with figures in both runs, in the order of NEW, without the baselines that the
            others are divided by.
        absent: Cells with figures in one of the runs that cannot be compared.
        baselines: Change of the cost of each baseline that the others of its group are divided by.
        floors: For each group with A/A copies, how far a server may seem to differ from itself in the worse run, as a
            share.
        is_counted: Whether the cost is a number of instructions. Then the same round of both runs has the same memory
            layout, so the rounds are pairs, and there is no slowdown of the machine to divide by.
    """

    def __init__(self, base: Results, new: Results) -> None:
        """Compare two runs.

        Raises:
            CallerError: The runs have no cell in common, or measured one differently.
        """
        _expect_same_counting(base, new)
        self.is_counted = base.counting is not None
        _expect_same_engine(base, new)
        _expect_same_loads(base, new)
        self.summaries = {BASE: Summary.of(base), NEW: Summary.of(new)}
        self._base, self._new = ({row.cell: row for row in summary.rows} for summary in self.summaries.values())
        absences = {
            cell: _absence(self._base.get(cell), self._new.get(cell)) or self._of_other_basis(cell)
            for cell in [*self._new, *self._base]
        }
        self.absent = tuple(absence for cell, absence in absences.items() if absence and self._has_figures(cell))
        compared = [cell for cell, absence in absences.items() if absence is None]
        if not compared and not self.broken:
            raise _nothing_in_common(self._base, self._new, self.absent)
        self._divisors = self._baselines_of(compared)
        self.baselines = {group: self._samples(cell).ratio for group, cell in self._divisors.items()}
        self.floors = self._floors({cell.group for cell in compared})
        self.cells = tuple(self._changes([cell for cell in compared if cell not in self._divisors.values()]))

    @cached_property
    def broken(self) -> list[Absence]:
        """The cells that had figures in BASE and whose target fails in NEW."""
        return [absence for absence in self.absent if absence.is_broken]

    def undecided(self) -> list[Change]:
        """Return the cells that nothing can be concluded about."""
        return [change for change in self.cells if change.verdict in (Verdict.TOO_FEW, Verdict.TOO_BUSY)]

    def _of_other_basis(self, cell: Cell) -> Absence | None:
        """Return why the costs of a cell with figures cannot be compared: they are different kinds of time."""
        base, new = (summary.claims.costs.basis(cell) for summary in self.summaries.values())
        return None if base is new else Absence(cell, f"{BASE} has {base.words}, {NEW} has {new.words}")

    def _has_figures(self, cell: Cell) -> bool:
        return any(row and row.figures for row in (self._base.get(cell), self._new.get(cell)))

    def _baselines_of(self, compared: Sequence[Cell]) -> dict[Group, Cell]:
        """Return the baselines by which all other cells of their groups can be divided in both runs."""
        found: dict[Group, Cell] = {}
        if self.is_counted:
            return found
        for baseline in filter(lambda cell: cell.is_baseline, compared):
            others = [cell for cell in compared if cell.group == baseline.group and cell != baseline]
            samples = [self._samples(cell, baseline) for cell in others]
            if others and all(one.base and one.new for one in samples):
                found[baseline.group] = baseline
        return found

    def _samples(self, cell: Cell, divisor: Cell | None = None) -> _Samples:
        """Return the costs of a cell, divided by those of another cell in the same rounds."""
        if self.is_counted:
            rounds = [summary.claims.costs.logs(cell) for summary in self.summaries.values()]
            both = sorted(rounds[0].keys() & rounds[1].keys())
            base, new = [[logs[number] for number in both] for logs in rounds]
            return _Samples(base, new, are_pairs=True)
        base, new = [
            summary.claims.costs.pairs(cell, divisor) if divisor else list(summary.claims.costs.logs(cell).values())
            for summary in self.summaries.values()
        ]
        return _Samples(base, new)

    def _floors(self, groups: set[Group]) -> dict[Group, float]:
        found = {}
        for group in groups:
            floors = [summary.claims.floor(group) for summary in self.summaries.values()]
            if known := [floor for floor in floors if floor is not None]:
                found[group] = max(known)
        return found

    def _changes(self, cells: Sequence[Cell]) -> Iterator[Change]:
        samples = {cell: self._samples(cell, self._divisors.get(cell.group)) for cell in cells}
        differences = {cell: [one.difference, self._samples(cell).difference] for cell, one in samples.items()}
        p_values = holm({cell: max(one.p_value for one in both) for cell, both in differences.items()})
        for cell in cells:
            verdict = self._verdict(cell, differences[cell], p_value=p_values[cell])
            yield Change(self._base[cell], self._new[cell], samples[cell].ratio, verdict, differences[cell])

    def _verdict(self, cell: Cell, differences: Sequence[Estimate], *, p_value: float) -> Verdict:
        if min(one.samples for one in differences) < MIN_ROUNDS:
            return Verdict.TOO_FEW
        if any(summary.claims.is_too_busy for summary in self.summaries.values()):
            return Verdict.TOO_BUSY
        floor = math.log1p(self.floors.get(cell.group, 0.0))
        means = [one.mean for one in differences]
        exceeds_floor = min(means) > floor or max(means) < -floor
        return Verdict.DIFFERENT if p_value < 1 - CONFIDENCE and exceeds_floor else Verdict.NO_DIFFERENCE


def _expect_same_counting(base: Results, new: Results) -> None:
    kinds = [_counting(run) for run in (base, new)]
    if kinds[0] != kinds[1]:
        raise CallerError(
            f"{BASE} {kinds[0]} and {NEW} {kinds[1]}", subject="not comparable", hint="measure both in the same way"
        )


def _counting(run: Results) -> str:
    if run.counting is None:
        return "measures time"
    requests = " and ".join(map(str, run.counting.requests))
    return f"counts the instructions of {requests} requests by {run.counting.counter}"


def _expect_same_engine(base: Results, new: Results) -> None:
    engines = [
        ", ".join(sorted({run.window.engine} | {trial.load.engine for trial in run.trials if trial.load}))
        for run in (base, new)
    ]
    if engines[0] != engines[1]:
        raise CallerError(
            f"{BASE} was measured with the load engine {engines[0]} and {NEW} with {engines[1]}, whose figures are not "
            "comparable",
            hint="measure one of them again with --engine",
        )


def _expect_same_loads(base: Results, new: Results) -> None:
    loads = {scenario.name: scenario for scenario in base.scenarios}
    for scenario in new.scenarios:
        other = loads.get(scenario.name, scenario)
        keys = [field.name for field in fields(scenario) if getattr(scenario, field.name) != getattr(other, field.name)]
        if keys:
            shown = ", ".join(f"{key} {getattr(other, key)!r} and {getattr(scenario, key)!r}" for key in keys)
            raise CallerError(
                shown,
                subject=f"the scenario {scenario.name!r} is a different load in {BASE} and {NEW}",
                hint="measure both again with the same scenario",
            )


def _absence(base: Row | None, new: Row | None) -> Absence | None:
    """Return why a cell cannot be compared; None if it can."""
    if not base or not new:
        present, row = (NEW, new) if new else (BASE, base)
        assert row
        return Absence(row.cell, f"only in {present}")
    if not new.figures:
        return Absence(new.cell, f"{NEW}: {new.reason}", is_broken=new.target_failed)
    if not base.figures:
        return Absence(new.cell, f"{BASE}: {base.reason}")
    return None


def _nothing_in_common(base: Mapping[Cell, Row], new: Mapping[Cell, Row], absent: Sequence[Absence]) -> CallerError:
    for one in absent:
        if one.cell in base and one.cell in new and base[one.cell].figures and new[one.cell].figures:
            return CallerError(f"{one.cell.label}: {one.reason}", subject="nothing to compare")
    counts = [sum(bool(row.figures) for row in rows.values()) for rows in (base, new)]
    return CallerError(
        f"{BASE} has figures for {counts[0]} cells and {NEW} for {counts[1]}, but none in common",
        subject="nothing to compare",
        hint="target, family, scenario, cold and Python must be the same",
    )
