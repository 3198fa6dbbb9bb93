"""Comparisons of chosen pairs of cells, which need not be of one group: two families, or a cold and a warm server."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from upecho.measure.plan.cells import Cell
from upecho.measure.statistics.claims import MIN_ROUNDS, Claims, Verdict
from upecho.measure.statistics.ratios import Estimate, Ratio, holm

CONCLUSIVE = (Verdict.DIFFERENT, Verdict.NO_DIFFERENCE)  # verdicts that rest on enough undisturbed rounds


@dataclass(frozen=True)
class Contrast:
    """The cost of a cell relative to that of another one.

    Attributes:
        cell: Cell whose cost is compared.
        base: Cell that it is compared with.
        ratio: Cost relative to that of the base, paired by round.
        verdict: Conclusion of the comparison.
    """

    cell: Cell
    base: Cell
    ratio: Ratio
    verdict: Verdict

    @property
    def inverse(self) -> "Contrast":
        """The comparison of the base with the cell."""
        return Contrast(self.base, self.cell, self.ratio.inverse, self.verdict)

    @property
    def costs_less(self) -> bool:
        """Whether a request is known to cost less than at the base."""
        return self.verdict is Verdict.DIFFERENT and self.ratio.ratio < 1

    @property
    def costs_more(self) -> bool:
        """Whether a request is known to cost more than at the base."""
        return self.verdict is Verdict.DIFFERENT and self.ratio.ratio > 1


def contrasts(claims: Claims, pairs: Iterable[tuple[Cell, Cell]]) -> list[Contrast]:
    """Compare the costs of pairs of cells that have been measured in the same rounds; other pairs are left out.

    As for any other claim, a difference has to be significant after the correction for all of these comparisons, and
    has to exceed A/A in the groups of both cells.

    Args:
        claims: What the trials support.
        pairs: Pairs of a cell and the one that it is compared with.
    """
    estimates = {pair: Estimate.of(logs) for pair in pairs if (logs := claims.costs.pairs(*pair))}
    p_values = holm({pair: estimate.p_value for pair, estimate in estimates.items()})
    return [
        Contrast(*pair, estimate.ratio(claims.confidence), _verdict(claims, pair, estimate, p_values[pair]))
        for pair, estimate in estimates.items()
    ]


def _verdict(claims: Claims, pair: tuple[Cell, Cell], estimate: Estimate, p_value: float) -> Verdict:
    if estimate.samples < MIN_ROUNDS:
        return Verdict.TOO_FEW
    if claims.is_too_busy:
        return Verdict.TOO_BUSY
    floor = max(claims.floor(cell.group) or 0.0 for cell in pair)
    is_real = p_value < 1 - claims.confidence and math.expm1(abs(estimate.mean)) > floor
    return Verdict.DIFFERENT if is_real else Verdict.NO_DIFFERENCE
