"""Pairs of measurements, in an order that changes from pair to pair."""

import sys
from collections.abc import Callable

from upecho.measure.statistics.ratios import Ratio, paired_values


def compare(first: Callable[[], float], second: Callable[[], float], pairs: int) -> Ratio:
    """Measure pairs, every other one the other way round, and show each; return by how much the first is greater."""
    measured = []
    for number in range(pairs):
        if number % 2:
            other, one = second(), first()
        else:
            one, other = first(), second()
        measured.append((one, other))
        print(f"{one:10.0f} {other:10.0f}  {one / other:.3f}", file=sys.stderr)
    return paired_values(measured)
