"""Paired measurements in alternating order."""

import sys
from collections.abc import Callable

from upecho.measure.statistics.ratios import Ratio, paired_values


def compare(first: Callable[[], float], second: Callable[[], float], pairs: int) -> Ratio:
    """Measure pairs, print each to stderr, and return the ratio of the first side to the second.

    Every other pair is measured in reverse order, so that a machine that slows down favours neither side.

    Args:
        first: Measures the first side once.
        second: Measures the second side once.
        pairs: Number of pairs.
    """
    measured = []
    for number in range(pairs):
        if number % 2:
            other, one = second(), first()
        else:
            one, other = first(), second()
        measured.append((one, other))
        print(f"{one:10.0f} {other:10.0f}  {one / other:.3f}", file=sys.stderr)
    return paired_values(measured)
