"""Figures over another quantity: latency over load; cost over message size, Pythons, families, cold and warm."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace

from upecho.measure.plan.cells import Cell
from upecho.measure.plan.scenarios import Scenario, size_text
from upecho.measure.statistics.claims import Verdict
from upecho.measure.statistics.contrasts import CONCLUSIVE, Contrast, contrasts
from upecho.measure.statistics.summary import Row
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


def crossings(run: Run) -> Iterator[str]:
    """Yield a sentence for each server and load in which the cheaper of Unix and TCP changes with the message size.

    On both sides of the crossing, the difference has to be one that chance does not explain.
    """
    scenarios = scenarios_of(run)
    found: dict[tuple[Scenario, Cell, Cell], dict[int, Contrast]] = {}
    for one in family_contrasts(run):
        if one.cell.family.is_unix != one.base.family.is_unix and one.verdict is Verdict.DIFFERENT:
            scenario = scenarios[one.cell.scenario]
            load = replace(scenario, name="", message_size=0)
            sides = replace(one.cell, scenario=""), replace(one.base, scenario="")
            found.setdefault((load, *sides), {})[scenario.message_size] = one
    for (load, cell, base), by_size in found.items():
        for (small, before), (large, after) in itertools.pairwise(sorted(by_size.items())):
            if before.costs_less != after.costs_less:
                ratios = [interval_text(one.ratio) for one in (before, after)]
                yield (
                    f"{cell.label} ({load.summary_without_size}): {cell.family} costs {ratios[0]} times as much as "
                    f"{base.family} with messages of {size_text(small)}, and {ratios[1]} times with "
                    f"{size_text(large)}; the crossing lies between these sizes."
                )


def family_contrasts(run: Run) -> list[Contrast]:
    """Compare each family with the first one of the run, server by server."""
    cells = _measured(run)
    return _with_first(run, [(cell, replace(cell, family=cells[0].family)) for cell in cells])


def cold_contrasts(run: Run) -> list[Contrast]:
    """Compare each cold server with the same one after a warm-up."""
    return _with_first(run, [(cell, replace(cell, cold=False)) for cell in _measured(run)])


def python_contrasts(run: Run) -> list[Contrast]:
    """Compare each Python with the first one of the run, server by server."""
    cells = _measured(run)
    return _with_first(run, [(cell, replace(cell, python=cells[0].python)) for cell in cells])


def _with_first(run: Run, pairs: Sequence[tuple[Cell, Cell]]) -> list[Contrast]:
    """Compare cells, without those that are the same and those whose base has no figures."""
    known = {cell for cell, _ in pairs}
    return contrasts(run.claims, [(cell, base) for cell, base in pairs if cell != base and base in known])


def comparisons(run: Run) -> Iterator[Comparison]:
    """Yield what differs between families, between Pythons, and between cold and warm servers."""
    for one in family_contrasts(run):
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


def _measured(run: Run) -> list[Cell]:
    curves = {scenario.name for scenario in run.results.scenarios if scenario.curve}
    return [row.cell for row in run.summary.rows if row.figures and row.cell.scenario not in curves]
