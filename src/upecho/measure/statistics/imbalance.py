"""How unevenly the workers of a server have shared its load."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from upecho.load.plan import LoadResult


@dataclass(frozen=True)
class Range:
    """The shares of the workers of a server, as fractions; each is a median over the trials.

    Attributes:
        lowest: Share of the worker that had least.
        highest: Share of the worker that had most.
    """

    lowest: float
    highest: float


@dataclass(frozen=True)
class Imbalance:
    """How the workers of a server have shared its connections and requests.

    Attributes:
        workers: Number of workers, at most in any trial; 0 if that is unknown.
        accepted: Shares of the connections; None if they are unknown.
        requests: Shares of the requests; None if they are unknown.
    """

    workers: int = 0
    accepted: Range | None = None
    requests: Range | None = None


def imbalance(loads: Sequence[LoadResult]) -> Imbalance | None:
    """Return how the workers of a server have shared its load; None if no more than one worker was seen.

    Args:
        loads: Loads of one cell.
    """
    seen = [load.workers for load in loads if load.workers is not None]
    if not seen:
        return None
    if not all(seen):
        return Imbalance()
    return Imbalance(
        workers=max(map(len, seen)),
        accepted=_range([[worker.accepted for worker in workers] for workers in seen]),
        requests=_range([[worker.requests for worker in workers] for workers in seen]),
    )


def _range(counts: Sequence[Sequence[int | None]]) -> Range | None:
    """Return the median over trials of the lowest and of the highest share; None if a trial did not count them."""
    shares = [shared for one in counts if (shared := _shares(one))]
    if len(shares) < len(counts):
        return None
    return Range(statistics.median(map(min, shares)), statistics.median(map(max, shares)))


def _shares(counts: Sequence[int | None]) -> list[float]:
    """Return the counts of one trial as fractions of their sum; nothing if one is unknown, or if all are 0."""
    known = [count for count in counts if count is not None]
    total = sum(known)
    return [count / total for count in known] if total and len(known) == len(counts) else []
