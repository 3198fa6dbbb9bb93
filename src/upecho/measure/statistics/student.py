"""Student's t distribution for whole degrees of freedom.

The formulas are 26.7.3 and 26.7.4 of Abramowitz and Stegun, Handbook of Mathematical Functions, 1964. SciPy computes
the same and more, but would be the largest dependency of this package by far; the tests compare with it.
"""

import functools
import math

MAX_T = 1e6  # upper end of the search for a quantile
BISECTIONS = 100  # halving 1e6 this often leaves less than the precision of a float


def probability_within(t: float, degrees: int) -> float:
    """Return the probability of a value between ``-t`` and ``t``.

    Args:
        t: Distance from 0; at least 0.
        degrees: Degrees of freedom; at least 1.
    """
    angle = math.atan(t / math.sqrt(degrees))
    square = math.cos(angle) ** 2
    odd = degrees % 2
    total, term = 0.0, math.cos(angle) if odd else 1.0
    for number in range(1 + odd, degrees, 2):
        total += term
        term *= square * number / (number + 1)
    total *= math.sin(angle)
    return 2 / math.pi * (angle + total) if odd else total


@functools.cache
def quantile(confidence: float, degrees: int) -> float:
    """Return the ``t`` for which ``probability_within(t, degrees)`` is the confidence, which is below 1."""
    low, high = 0.0, MAX_T
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if probability_within(middle, degrees) < confidence else (low, middle)
    return high
