"""The figures of each cell, summarised over its trials, or the reason why it has none."""

import enum
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from upecho.load.plan import LoadResult
from upecho.measure.plan.cells import Cell
from upecho.measure.plan.scenarios import Scenario
from upecho.measure.results import RequestedCell, Results
from upecho.measure.statistics import causes
from upecho.measure.statistics.claims import Claims
from upecho.measure.statistics.plausibility import Void, VoidReason, are_exceptions
from upecho.measure.statistics.quantities import VALUES
from upecho.measure.trials import Count, Trial
from upecho.net.address import Family
from upecho.support.text import plural

# How far the instructions of two servers with one memory layout may differ if they are deterministic. What they do at
# their start and at their end depends a little on time: about 500 instructions, in a difference of 4000 requests.
MAX_VARIATION, MAX_VARIATION_INSTRUCTIONS = 1e-4, 1.0  # as a share, and for each request


@dataclass(frozen=True)
class Spread:
    """One quantity over all trials of a cell.

    Attributes:
        median: Median over the trials.
        low: Lowest value of any trial.
        high: Highest value of any trial.
    """

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Self:
        """Summarise one value per trial, of at least one trial."""
        ordered = sorted(values)
        return cls(statistics.median(ordered), ordered[0], ordered[-1])


@dataclass(frozen=True)
class Figures:
    """The figures of a cell.

    Attributes:
        trials: Number of trials.
        cpu_ns: CPU time of the server per request, in nanoseconds; None if the system does not report it.
        rate: Requests per second.
        p50_ns: Median round-trip time, in nanoseconds.
        p99_ns: 99th percentile of the round-trip time, in nanoseconds.
        p999_ns: 99.9th percentile of the round-trip time, in nanoseconds.
        saturated: Whether the load engine was the bottleneck in at least half of the trials, so that the rate is a
            lower bound.
        connection_bytes: Memory of the server per connection, in bytes; None if the system does not report it.
        spreads: Every quantity that trials tell, by its name, in the unit of its values. User and system time have the
            mean instead of the median, because a trial counts them in few clock ticks.
        instructions: Instructions of the server per request; None unless the run counts them, and then the other
            figures mean nothing.
        variation: How far two servers with the same memory layout differ in their instructions, as a share; None if
            that is not known. It is 0 unless the server is not deterministic.
    """

    trials: int
    cpu_ns: Spread | None
    rate: Spread
    p50_ns: Spread
    p99_ns: Spread
    p999_ns: Spread
    saturated: bool
    connection_bytes: Spread | None = None
    spreads: Mapping[str, Spread] = field(default_factory=dict)
    instructions: Spread | None = None
    variation: float | None = None

    @property
    def is_unsteady(self) -> bool:
        """Whether the server is known not to be deterministic."""
        if self.variation is None or not self.instructions:
            return False
        return self.variation > max(MAX_VARIATION, MAX_VARIATION_INSTRUCTIONS / self.instructions.median)

    @classmethod
    def of(
        cls, loads: Sequence[LoadResult], connection_bytes: Sequence[float] = (), counts: Sequence[Count] = ()
    ) -> Self:
        """Summarise the loads of valid trials, of which there is at least one, and their counts."""
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
            instructions=Spread.of(one.instructions / one.requests for one in counts) if counts else None,
            variation=max((one.variation for one in counts if one.variation is not None), default=None),
        )


class Status(enum.Enum):
    """What became of a requested cell."""

    MEASURED = enum.auto()
    FAILED = enum.auto()
    FAILS_CHECKS = enum.auto()
    UNUSABLE = enum.auto()
    VOID = enum.auto()
    UNSUPPORTED = enum.auto()
    NOT_COMPARABLE = enum.auto()
    NOT_MEASURED = enum.auto()


@dataclass(frozen=True)
class Row:
    """A requested cell with its figures, or with the reason why it has none.

    Attributes:
        request: Request for the cell.
        status: What became of it.
        figures: Figures of the cell; None unless it was measured.
        reason: Short reason why there are no figures; empty if there are some.
        void: What made a trial void; None unless that is the status.
    """

    request: RequestedCell
    status: Status
    figures: Figures | None = None
    reason: str = ""
    void: Void | None = None

    @property
    def cell(self) -> Cell:
        """The identity of the cell."""
        return self.request.cell

    @property
    def target_failed(self) -> bool:
        """Whether there are no figures because of something that the target did wrong."""
        return self.status in (Status.FAILED, Status.FAILS_CHECKS, Status.UNUSABLE)

    @property
    def label(self) -> str:
        """What distinguishes the cell in its group, marked if the target fails checks."""
        return self.cell.label + (" !" if self.request.failed_checks else "")

    @property
    def cost(self) -> float:
        """The cost of a request: instructions, nanoseconds of CPU time, or those of elapsed time, if that is known."""
        assert self.figures
        if self.figures.instructions:
            return self.figures.instructions.median
        return self.figures.cpu_ns.median if self.figures.cpu_ns else 1e9 / self.figures.rate.median


@dataclass(frozen=True)
class Summary:
    """A run, summarised once for its report and its exit status.

    Attributes:
        results: Results that are summarised.
        rows: One row for each requested cell, in the order of the request.
        claims: What the trials support.
    """

    results: Results
    rows: tuple[Row, ...]
    claims: Claims

    @classmethod
    def of(cls, results: Results) -> Self:
        """Summarise results."""
        trials: dict[Cell, list[Trial]] = {}
        for trial in results.trials:
            trials.setdefault(trial.cell, []).append(trial)
        scenarios = {scenario.name: scenario for scenario in results.scenarios}
        claims = Claims(results)
        rows = [
            _row(request, trials.get(request.cell, []), scenarios[request.cell.scenario])
            for request in results.requested
        ]
        compared = (row if claims.costs.has_costs(row.cell) else _not_comparable(row) for row in rows)
        return cls(results, tuple(compared), claims)

    def loads(self, cell: Cell) -> list[LoadResult]:
        """Return what was measured in the valid trials of a cell."""
        return [trial.load for trial in self.results.trials if trial.cell == cell and trial.load and trial.is_valid]

    @property
    def measured(self) -> list[Cell]:
        """The cells with figures, without those of latency curves, whose rates are different for each server."""
        curves = {scenario.name for scenario in self.results.scenarios if scenario.curve}
        return [row.cell for row in self.rows if row.figures and row.cell.scenario not in curves]


def _row(request: RequestedCell, trials: Sequence[Trial], scenario: Scenario) -> Row:
    if failures := [trial.failure for trial in trials if trial.failure]:
        return Row(request, Status.FAILED, reason=f"failed: {failures[0]}")
    valid = [trial for trial in trials if trial.is_valid]
    voids = [trial.void for trial in trials if trial.void]
    if voids and not (valid and are_exceptions(voids, len(trials))):
        if voids[0].reason is VoidReason.UNCOUNTABLE:
            return Row(request, Status.UNSUPPORTED, reason=f"unsupported {voids[0]}")
        return Row(request, Status.VOID, reason=f"void: {voids[0]}", void=voids[0])
    if loads := [trial.load for trial in valid if trial.load]:
        counts = [trial.count for trial in valid if trial.count]
        figures = Figures.of(loads, list(_connection_bytes(valid, scenario.clients)), counts)
        return Row(request, Status.MEASURED, replace(figures, spreads=dict(_spreads(valid))))
    return _row_without_trials(request)


def _not_comparable(row: Row) -> Row:
    """Return a row with its figures in words, because the costs of the others in its group have another basis."""
    if not (found := row.figures):
        return row
    p50, p99 = (spread.median / 1e3 for spread in (found.p50_ns, found.p99_ns))
    cpu = f"{found.cpu_ns.median / 1e3:.1f} µs/req on shared core" if found.cpu_ns else "CPU time unknown"
    reason = f"{cpu}; {found.rate.median:.0f} requests/s, p50 {p50:.0f} µs, p99 {p99:.0f} µs"
    return Row(row.request, Status.NOT_COMPARABLE, reason=reason)


def _row_without_trials(request: RequestedCell) -> Row:
    if request.unusable:
        return Row(request, Status.UNUSABLE, reason=f"unusable: {request.unusable}")
    if request.unsupported:
        return Row(request, Status.UNSUPPORTED, reason=f"unsupported: {request.unsupported}")
    if request.failed_checks:
        return Row(request, Status.FAILS_CHECKS, reason=f"fails {plural(len(request.failed_checks), 'check')}")
    return Row(request, Status.NOT_MEASURED, reason="not measured")


def _spreads(trials: Sequence[Trial]) -> Iterator[tuple[str, Spread]]:
    """Yield the name of each quantity that any trial tells, and its values."""
    for name, value in VALUES.items():
        if values := [found for trial in trials if (found := value(trial)) is not None]:
            spread = Spread.of(values)
            yield name, replace(spread, median=statistics.fmean(values)) if name in causes.DIVIDED else spread


def _connection_bytes(trials: Sequence[Trial], connections: int) -> Iterator[float]:
    for trial in trials:
        if trial.load and trial.load.server and trial.resident_bytes is not None:
            yield (trial.load.server.resident_bytes - trial.resident_bytes) / connections


@dataclass(frozen=True)
class FamilyRatio:
    """What the same targets cost over another family.

    Attributes:
        family: Family whose costs are compared.
        base: Family that they are compared with.
        ratio: Median over the targets of the ratio of the costs.
        targets: Number of targets that have figures over both families.
    """

    family: Family
    base: Family
    ratio: float
    targets: int


def family_ratios(rows: Sequence[Row]) -> Iterator[FamilyRatio]:
    """Compare each family with the first one; all rows are of one scenario."""
    costs: dict[Family, dict[str, float]] = {}
    for row in rows:
        if row.figures:
            costs.setdefault(row.cell.family, {})[row.cell.label] = row.cost
    yield from _ratios_to_first(costs) if costs else ()


def _ratios_to_first(costs: Mapping[Family, Mapping[str, float]]) -> Iterator[FamilyRatio]:
    base, *others = costs
    for family in others:
        both = costs[base].keys() & costs[family].keys()
        if ratios := [costs[family][label] / costs[base][label] for label in both]:
            yield FamilyRatio(family, base, statistics.median(ratios), len(ratios))
