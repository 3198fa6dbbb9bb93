"""Cells that are better than the baseline of their group, which deserves a remark, because it is unexpected."""

import enum
import math
from collections.abc import Iterator
from dataclasses import dataclass

from upecho.measure.plan.cells import BASELINE, Cell
from upecho.measure.results import Results
from upecho.measure.statistics.claims import MIN_ROUNDS, Claims
from upecho.measure.statistics.quantities import COST, P50, Quantity
from upecho.measure.statistics.ratios import CONFIDENCE, Estimate, Ratio, holm


class Figure(enum.StrEnum):
    """A figure in which a server can be better than the baseline."""

    COST = "cost"
    P50 = "p50"


QUANTITIES: dict[Figure, Quantity] = {Figure.COST: COST, Figure.P50: P50}


@dataclass(frozen=True)
class Lead:
    """A cell that is better than the baseline of its group.

    Attributes:
        cell: Identity of the cell.
        figure: What is better.
        ratio: The figure relative to that of the baseline in the same round; below 1.
    """

    cell: Cell
    figure: Figure
    ratio: Ratio


def leads(results: Results) -> list[Lead]:
    """Return the cells that are known to be better than the baseline of their group, the best first.

    As for any other claim, the difference has to be significant after the correction for all comparisons with the
    baseline, and has to exceed A/A. Latency counts only where one connection sends requests; with more, it follows
    from the rate.
    """
    estimates: dict[tuple[Cell, Figure], Estimate] = {}
    floors: dict[tuple[Cell, Figure], float] = {}
    for figure, quantity in QUANTITIES.items():
        claims = Claims(results, quantity)
        for cell, baseline in () if claims.is_too_busy else _comparisons(results, claims, figure):
            logs = claims.costs.pairs(cell, baseline)
            if len(logs) >= MIN_ROUNDS:
                estimates[cell, figure] = Estimate.of(logs)
                floors[cell, figure] = math.log1p(claims.floor(cell.group) or 0.0)
    p_values = holm({key: estimate.p_value for key, estimate in estimates.items()})
    found = [
        Lead(*key, estimate.ratio())
        for key, estimate in estimates.items()
        if p_values[key] < 1 - CONFIDENCE and estimate.mean < -floors[key]
    ]
    return sorted(found, key=lambda lead: lead.ratio.ratio)


def _comparisons(results: Results, claims: Claims, figure: Figure) -> Iterator[tuple[Cell, Cell]]:
    """Yield the cells of other servers for which a figure is shown, each with the baseline of its group."""
    scenarios = {one.name: one for one in results.scenarios if not one.curve}
    for group, cells in claims.costs.groups().items():
        scenario = scenarios.get(group.scenario)
        baseline = next((cell for cell in cells if cell.is_baseline), None)
        if scenario and baseline and (figure is Figure.COST or scenario.connections == 1):
            yield from ((cell, baseline) for cell in cells if cell.target != BASELINE)
