"""Student's t distribution, for whole degrees of freedom: Abramowitz and Stegun, 26.7.3 and 26.7.4."""

import math

LARGEST_T = 1e6  # the search for a quantile ends there


def within(t: float, degrees: int) -> float:
    """Return how probable it is that a t of so many degrees of freedom (at least 1) lies between ``-t`` and ``t``."""
    angle = math.atan(t / math.sqrt(degrees))
    square = math.cos(angle) ** 2
    odd = degrees % 2
    total, term = 0.0, math.cos(angle) if odd else 1.0
    for number in range(1 + odd, degrees, 2):
        total += term
        term *= square * number / (number + 1)
    total *= math.sin(angle)
    return 2 / math.pi * (angle + total) if odd else total


def quantile(confidence: float, degrees: int) -> float:
    """Return the ``t`` for which ``within(t, degrees)`` is ``confidence``, a number below 1."""
    low, high = 0.0, LARGEST_T
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if within(middle, degrees) < confidence else (low, middle)
    return high
