"""Turns a results file into the sections of a page: a table for each scenario and family, with percentiles."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from upecho.load.histogram import merged
from upecho.load.latency import percentile
from upecho.measure.plan.cells import Cell, Group
from upecho.measure.plan.scenarios import Scenario
from upecho.measure.results import Results
from upecho.measure.statistics.causes import CAUSES
from upecho.measure.statistics.claims import MIN_ROUNDS, Claims
from upecho.measure.statistics.leads import leads
from upecho.measure.statistics.quantities import INTERVAL, QUANTITIES
from upecho.measure.statistics.ratios import Ratio
from upecho.measure.statistics.summary import Figures, Row, Spread, Summary
from upecho.report.benchmark.lines import Line, lines
from upecho.report.benchmark.remarks import remarks
from upecho.report.page.building import identities
from upecho.report.page.model.page import Absent, Measured, Section, Server, Table

PERCENTILES = (50.0, 75.0, 90.0, 95.0, 99.0, 99.5, 99.9, 99.95, 99.99, 99.999)
MIN_BEYOND = 10  # slower requests that a percentile needs, because fewer would make it a matter of chance


@dataclass(frozen=True)
class Run:
    """A results file, summarised once.

    Attributes:
        name: Name of the file.
        label: Name of the run on the page; empty if the page shows only one.
        summary: Its figures.
    """

    name: str
    label: str
    summary: Summary

    @property
    def results(self) -> Results:
        """The content of the file."""
        return self.summary.results

    @property
    def claims(self) -> Claims:
        """What the trials support about costs."""
        return self.summary.claims

    @cached_property
    def speeds(self) -> Claims:
        """What the trials support about the time between two replies."""
        return Claims(self.results, INTERVAL)

    def server(self, cell: Cell) -> Server:
        """Return the server of a cell."""
        return identities.server(cell, self.results.python(cell.python))

    def section_id(self, scenario: str) -> str:
        """Return the identifier of the section of a scenario."""
        return "-".join(filter(None, ("scenario", self.label, scenario))).replace(" ", "-")


def sections(run: Run) -> Iterator[Section]:
    """Yield a section for each scenario that has tables."""
    tables, found = lines(run.summary), leads(run.results)
    histograms = _percentiles(run.results)
    for scenario in run.results.scenarios:
        rows = [row for row in run.summary.rows if row.cell.scenario == scenario.name]
        groups = dict.fromkeys(row.cell.group for row in rows)
        if scenario.curve or not groups:
            continue
        text = remarks(run.summary, rows, [one for one in found if one.cell.scenario == scenario.name])
        yield Section(
            run.section_id(scenario.name),
            run.label,
            scenario,
            tables=tuple(_table(run, group, tables[group], percentiles=histograms) for group in groups),
            remarks=tuple(line.plain for line in text if line.plain),
        )


def _table(
    run: Run, group: Group, shown: Sequence[Line], *, percentiles: Mapping[Cell, tuple[tuple[float, float], ...]]
) -> Table:
    rows = [row for row in run.summary.rows if row.cell.group == group and not row.figures]
    reference = run.claims.reference(group) if shown else None
    return Table(
        group.family,
        reference=reference.label if reference else "",
        cost_floor=run.claims.floor(group),
        speed_floor=run.speeds.floor(group),
        measured=tuple(_measured(run, shown, reference, percentiles)),
        absent=tuple(Absent(run.server(row.cell), row.reason, failed=row.target_failed) for row in rows),
    )


def _measured(
    run: Run,
    shown: Sequence[Line],
    reference: Cell | None,
    percentiles: Mapping[Cell, tuple[tuple[float, float], ...]],
) -> Iterator[Measured]:
    group = 0
    for line in shown:
        group += not line.mark
        yield _line(run, line.row, group=group, cost=line.ratio, reference=reference, percentiles=percentiles)


def _line(  # noqa: PLR0913 (one parameter for each part of a line)
    run: Run,
    row: Row,
    *,
    group: int,
    cost: Ratio,
    reference: Cell | None,
    percentiles: Mapping[Cell, tuple[tuple[float, float], ...]],
) -> Measured:
    figures = row.figures
    assert figures
    return Measured(
        server=run.server(row.cell),
        trials=figures.trials,
        group=group,
        cost=cost,
        speed=run.speeds.ratio(row.cell).inverse,
        has_interval=cost.samples >= MIN_ROUNDS and not run.claims.is_too_busy,
        cpu_us=_scaled(figures.cpu_ns, 1e3),
        rate=figures.rate,
        p50_us=_microseconds(figures.p50_ns),
        p99_us=_microseconds(figures.p99_ns),
        p999_us=_microseconds(figures.p999_ns),
        connection_kib=_scaled(figures.connection_bytes, 1024),
        saturated=figures.saturated,
        failed_checks=row.request.failed_checks,
        percentiles=percentiles[row.cell],
        is_reference=row.cell == reference,
        causes=_causes(figures),
    )


def _causes(figures: Figures) -> dict[str, Spread]:
    return {
        one.name: _divided(figures.spreads[one.name], one.unit_size)
        for one in QUANTITIES
        if one.name in CAUSES and one.name in figures.spreads
    }


def _microseconds(spread: Spread) -> Spread:
    return _divided(spread, 1e3)


def _divided(spread: Spread, divisor: float) -> Spread:
    return Spread(spread.median / divisor, spread.low / divisor, spread.high / divisor)


def _scaled(spread: Spread | None, divisor: float) -> Spread | None:
    return spread and _divided(spread, divisor)


def _percentiles(results: Results) -> dict[Cell, tuple[tuple[float, float], ...]]:
    """Return percentiles of the latencies of all valid trials of each cell, in microseconds."""
    histograms: dict[Cell, list[str]] = {}
    curves = {scenario.name for scenario in results.scenarios if scenario.curve}
    for trial in results.trials:
        if trial.is_valid and trial.load and trial.cell.scenario not in curves:
            histograms.setdefault(trial.cell, []).append(trial.load.latency.histogram)
    return {cell: tuple(_known(texts)) for cell, texts in histograms.items()}


def _known(texts: Sequence[str]) -> Iterator[tuple[float, float]]:
    """Yield the percentiles that the histograms of some trials support together."""
    counts = dict(sorted(merged(texts).items()))
    total = sum(counts.values())
    for percent in PERCENTILES:
        if percent == PERCENTILES[0] or total * (100 - percent) / 100 >= MIN_BEYOND:
            yield percent, percentile(counts, percent) / 1e3


def scenarios_of(run: Run) -> dict[str, Scenario]:
    """Return the scenarios of a run by name."""
    return {scenario.name: scenario for scenario in run.results.scenarios}
