"""Figures over another quantity: latency over load; cost over message size, Pythons, families, cold and warm."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from upecho.measure.plan.cells import Cell
from upecho.measure.plan.scenarios import Scenario, size_text
from upecho.measure.statistics.contrasts import CONCLUSIVE, Contrast, contrasts
from upecho.measure.statistics.crossings import family_contrasts, size_contrasts
from upecho.measure.statistics.summary import Row
from upecho.report.benchmark.ladders import Ladder, conclusions
from upecho.report.figures import interval_text
from upecho.report.page.building.runs import Run, scenarios_of
from upecho.report.page.model.page import Comparison, LoadCurve, LoadPoint, SizeCurve

US = 1e3  # nanoseconds


def load_curves(run: Run) -> Iterator[LoadCurve]:
    """Yield the latency over load of each server and family that has any."""
    scenarios = scenarios_of(run)
    found: dict[tuple[str, Cell], list[LoadPoint]] = {}
    for row in run.summary.rows:
        scenario = scenarios[row.cell.scenario]
        if scenario.curve and row.figures and scenario.share is not None:
            key = scenario.curve, replace(row.cell, scenario=scenario.curve)
            found.setdefault(key, []).append(_load_point(scenario.share, row))
    for (name, cell), points in found.items():
        ordered = sorted(points, key=lambda point: point.share)
        yield LoadCurve(run.label, name, cell.family, server=run.server(cell), points=tuple(ordered))


def _load_point(share: float, row: Row) -> LoadPoint:
    assert row.figures
    times = (row.figures.p50_ns, row.figures.p99_ns, row.figures.p999_ns)
    p50, p99, p999 = (spread.median / US for spread in times)
    return LoadPoint(share, row.figures.rate.median, p50_us=p50, p99_us=p99, p999_us=p999)


def size_curves(run: Run) -> Iterator[SizeCurve]:
    """Yield the cost over message size for loads that differ in nothing else, where there are at least two sizes."""
    scenarios = scenarios_of(run)
    found: dict[tuple[Scenario, Cell], dict[int, float]] = {}
    for row in run.summary.rows:
        scenario = scenarios[row.cell.scenario]
        if row.figures and row.figures.cpu_ns and not scenario.curve:
            load = replace(scenario, name="", message_size=0)
            costs = found.setdefault((load, replace(row.cell, scenario="")), {})
            costs[scenario.message_size] = row.figures.cpu_ns.median / US
    for (load, cell), costs in found.items():
        if len(costs) > 1:
            points = tuple(sorted(costs.items()))
            yield SizeCurve(run.label, load.summary_without_size, cell.family, server=run.server(cell), points=points)


def ladder_conclusions(run: Run) -> Iterator[str]:
    """Yield a sentence about the servers of each size ladder for which no crossing of Unix and TCP is claimed."""
    for name in dict.fromkeys(scenario.ladder for scenario in run.results.scenarios if scenario.ladder):
        ladder = Ladder.of(name, run.summary)
        for text in conclusions([one for one in ladder.found if not one.crossings], ladder.steps):
            yield f"{name}: {text}."


def crossings(run: Run) -> Iterator[str]:
    """Yield a sentence for each server and load in which the cheaper of Unix and TCP changes with the message size.

    On both sides of the crossing, the difference has to be one that chance does not explain.
    """
    for one in size_contrasts(run.summary):
        for sizes in one.crossings:
            small, large = (interval_text(one.by_size[size].ratio) for size in sizes)
            yield (
                f"{one.cell.label} ({one.load.summary_without_size}): {one.cell.family} costs {small} times as much as "
                f"{one.base.family} with messages of {size_text(sizes[0])}, and {large} times with "
                f"{size_text(sizes[1])}; the crossing lies between these sizes."
            )


def cold_contrasts(run: Run) -> list[Contrast]:
    """Compare each cold server with the same one after a warm-up."""
    return _with_first(run, [(cell, replace(cell, cold=False)) for cell in run.summary.measured])


def python_contrasts(run: Run) -> list[Contrast]:
    """Compare each Python with the first one of the run, server by server."""
    cells = run.summary.measured
    return _with_first(run, [(cell, replace(cell, python=cells[0].python)) for cell in cells])


def _with_first(run: Run, pairs: Sequence[tuple[Cell, Cell]]) -> list[Contrast]:
    """Compare cells, without those that are the same and those whose base has no figures."""
    known = {cell for cell, _ in pairs}
    return contrasts(run.claims, [(cell, base) for cell, base in pairs if cell != base and base in known])


def comparisons(run: Run) -> Iterator[Comparison]:
    """Yield what differs between families, between Pythons, and between cold and warm servers."""
    for one in family_contrasts(run.summary):
        yield _comparison(run, one, where=one.cell.scenario, sides=(one.cell.family, one.base.family))
    for one in cold_contrasts(run):
        yield _comparison(run, one, where=str(one.cell.group), sides=("cold", "warm"))
    for one in python_contrasts(run):
        yield _comparison(run, one, where=str(one.cell.group), sides=(one.cell.python, one.base.python))


def _comparison(run: Run, contrast: Contrast, *, where: str, sides: tuple[str, str]) -> Comparison:
    conclusion = "costs less" if contrast.costs_less else "costs more" if contrast.costs_more else contrast.verdict
    return Comparison(
        run.label,
        where,
        run.server(contrast.base),
        what=sides[0],
        base=sides[1],
        ratio=contrast.ratio,
        has_interval=contrast.verdict in CONCLUSIVE,
        conclusion=conclusion,
    )
