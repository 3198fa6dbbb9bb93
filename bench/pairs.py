"""Paired measurements in alternating order."""

import sys
from collections.abc import Callable, Iterator
from typing import TypeVar

from upecho.measure.statistics.ratios import Ratio, paired_values

Measured = TypeVar("Measured")


def alternating(
    first: Callable[[], Measured], second: Callable[[], Measured], pairs: int
) -> Iterator[tuple[Measured, Measured]]:
    """Measure pairs and yield each of them.

    Every other pair is measured in reverse order, so that a machine that slows down favours neither side.

    Args:
        first: Measures the first side once.
        second: Measures the second side once.
        pairs: Number of pairs.
    """
    for number in range(pairs):
        if number % 2:
            other, one = second(), first()
        else:
            one, other = first(), second()
        yield one, other


def compare(first: Callable[[], float], second: Callable[[], float], pairs: int) -> Ratio:
    """Measure pairs, as ``alternating`` does, and print each to stderr; return the ratio of the first to the second."""
    measured = []
    for one, other in alternating(first, second, pairs):
        measured.append((one, other))
        print(f"{one:10.0f} {other:10.0f}  {one / other:.3f}", file=sys.stderr)
    return paired_values(measured)
