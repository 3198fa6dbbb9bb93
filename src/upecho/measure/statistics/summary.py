"""From trials to the numbers of a cell. The trial is the sample; values within one are not independent."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from upecho.load.plan import LoadResult
from upecho.measure.results import Results, Wanted
from upecho.measure.trials import Trial


@dataclass(frozen=True)
class Spread:
    """One quantity over all trials of a cell."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Self:
        """Sum up one value per trial."""
        ordered = sorted(values)
        return cls(statistics.median(ordered), ordered[0], ordered[-1])

    @property
    def relative(self) -> float:
        """The whole range, as a share of the median."""
        return (self.high - self.low) / self.median if self.median else 0.0


@dataclass(frozen=True)
class Numbers:
    """What was measured in a cell.

    Attributes:
        trials: how many there were.
        cpu_ns: CPU time of the server for one request; None where the system does not tell.
        rate: requests per second.
        p50_ns: median round trip.
        p99_ns: 99th percentile of the round trip.
        p999_ns: 99.9th percentile of the round trip.
        saturated: the load engine was the bottleneck in half of the trials or more, so that the rate is a lower bound.
        connection_bytes: memory of the server for each connection; None where the system does not tell.
    """

    trials: int
    cpu_ns: Spread | None
    rate: Spread
    p50_ns: Spread
    p99_ns: Spread
    p999_ns: Spread
    saturated: bool
    connection_bytes: Spread | None = None

    @classmethod
    def of(cls, loads: Sequence[LoadResult], connection_bytes: Sequence[float] = ()) -> Self:
        """Sum up the trials of a cell; none of them failed, and there is at least one."""
        cpu = [load.server_cpu_ns / load.requests for load in loads if load.server_cpu_ns is not None]
        return cls(
            trials=len(loads),
            cpu_ns=Spread.of(cpu) if cpu else None,
            rate=Spread.of(load.requests / load.elapsed_ns * 1e9 for load in loads),
            p50_ns=Spread.of(load.latency.p50_ns for load in loads),
            p99_ns=Spread.of(load.latency.p99_ns for load in loads),
            p999_ns=Spread.of(load.latency.p999_ns for load in loads),
            saturated=2 * sum(load.saturated for load in loads) >= len(loads),
            connection_bytes=Spread.of(connection_bytes) if connection_bytes else None,
        )


@dataclass(frozen=True)
class Row:
    """A cell and its numbers, or the reason why it has none.

    Attributes:
        cell: what was wanted.
        numbers: None if there are none.
        reason: why there are none, in a few words.
        failed: whether the target did something wrong.
        void: whether something else did.
    """

    cell: Wanted
    numbers: Numbers | None
    reason: str = ""
    failed: bool = False
    void: bool = False

    @property
    def label(self) -> str:
        """What the cell is called in its group; marked if the target fails checks."""
        return self.cell.name.label + (" !" if self.cell.failed_checks else "")

    @property
    def cost(self) -> float:
        """What rows are sorted by, the best first: CPU time per request, or all time if that is unknown."""
        assert self.numbers
        return self.numbers.cpu_ns.median if self.numbers.cpu_ns else 1e9 / self.numbers.rate.median


def summarise(results: Results) -> list[Row]:
    """Return a row for each cell that was wanted, in that order."""
    return [_row(results, cell) for cell in results.wanted]


@dataclass(frozen=True)
class FamilyRatio:
    """What the same targets cost over another family.

    Attributes:
        family: the one looked at.
        base: the one it is compared with.
        ratio: of the costs: the median over the targets.
        targets: how many have numbers over both.
    """

    family: str
    base: str
    ratio: float
    targets: int


def family_ratios(rows: Sequence[Row]) -> list[FamilyRatio]:
    """Compare each family with the first one; the rows are those of one scenario."""
    costs: dict[str, dict[str, float]] = {}
    for row in rows:
        if row.numbers:
            costs.setdefault(row.cell.family, {})[row.cell.name.label] = row.cost
    if not costs:
        return []
    base, *others = costs
    found = []
    for family in others:
        both = costs[base].keys() & costs[family].keys()
        if ratios := [costs[family][target] / costs[base][target] for target in both]:
            found.append(FamilyRatio(family, base, statistics.median(ratios), len(ratios)))
    return found


def _row(results: Results, cell: Wanted) -> Row:
    trials = [trial for trial in results.trials if trial.name == cell.name]
    if failures := [trial.failure for trial in trials if trial.failure]:
        return Row(cell, None, f"failed: {failures[0]}", failed=True)
    if doubts := [trial.void for trial in trials if trial.void]:
        return Row(cell, None, f"void: {doubts[0]}", void=True)
    if loads := [trial.load for trial in trials if trial.load]:
        scenario = next(one for one in results.scenarios if one.name == cell.scenario)
        return Row(cell, Numbers.of(loads, _connection_bytes(trials, scenario.connections + scenario.idle)))
    if cell.unsupported:
        return Row(cell, None, f"unsupported: {cell.unsupported}")
    if count := len(cell.failed_checks):
        checks = f"fails {count} check{'s' if count > 1 else ''}"
        return Row(cell, None, checks, failed=True)
    return Row(cell, None, "not measured")


def _connection_bytes(trials: Sequence[Trial], connections: int) -> list[float]:
    return [
        (trial.load.server.resident_bytes - trial.resident_bytes) / connections
        for trial in trials
        if trial.load and trial.load.server and trial.resident_bytes is not None
    ]
