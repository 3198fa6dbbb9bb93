"""Adapts the amount of work in a check to the pace of the server."""

import time
from collections.abc import Iterator

from upecho.support import timeouts


def paced(most: int, *, least: int, seconds: float) -> Iterator[int]:
    """Yield the numbers from 0, and stop early if the server is slow.

    Args:
        most: Number of repetitions that a fast server gets.
        least: Number of repetitions that every server gets, so that the check keeps its power.
        seconds: Duration after which a slow server gets no more repetitions.
    """
    began = time.monotonic()
    for number in range(most):
        if number >= least and time.monotonic() - began > timeouts.at_least(seconds):
            return
        yield number
