"""Decides whether a load result can be true, and whether the machine provided what the load needed."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from upecho.load.plan import Failure, LoadResult
from upecho.measure.plan.scenarios import Scenario
from upecho.support.text import plural

TOLERANCE = 0.1  # how far the requests in flight may fall short of what the load keeps in flight
MAX_VOID = 0.25  # of a cell's trials may contradict Little's law; above this, it has no figures
ROUNDING = 0.01  # mean latency and elapsed time are measured separately


class VoidReason(enum.StrEnum):
    """Why a trial is void although the server did nothing wrong."""

    NO_PORT = "no-port"
    CPU_TIME_LOST = "cpu-time-lost"
    LITTLES_LAW = "littles-law"
    NO_REQUEST = "no-request"  # a request that has no reply is an error, so a load with neither has sent none
    UNCOUNTABLE = "uncountable"  # the server works, but not while its instructions are counted


STARVED = (VoidReason.LITTLES_LAW, VoidReason.NO_REQUEST)  # what a machine does that is busy with something else


@dataclass(frozen=True)
class Void:
    """What makes a trial void.

    Attributes:
        reason: Reason, for programs.
        detail: Explanation with the figures of this trial, for people.
    """

    reason: VoidReason
    detail: str

    def __str__(self) -> str:
        return self.detail


def why_void(scenario: Scenario, load: LoadResult, *, seconds: float) -> Void | None:
    """Return why a load without failures is no measurement; None if it is one.

    In a closed loop, a fixed number of requests is in flight at any time, so that number and the mean latency
    determine the rate (Little, A Proof for the Queuing Formula L = lambda W, Operations Research 9, 1961). An engine
    that lost requests, or that measured the time of something else, contradicts this. Two effects at the edges are
    allowed for: the first requests may be sent up to one latency after the clock starts, and after the window a
    connection is unused from its last reply until the last reply of all.

    Args:
        scenario: The load that was asked for.
        load: The load that the engine reports.
        seconds: Length of the window in which new requests were sent.
    """
    if Failure.NO_PORT in load.errors:
        return Void(VoidReason.NO_PORT, "no local port left")
    if not load.requests and not load.errors:
        return Void(VoidReason.NO_REQUEST, "the machine did not let the load engine send a request in time")
    if load.requests and load.server_cpu_ns is not None and load.server_cpu_ns <= 0:
        return Void(VoidReason.CPU_TIME_LOST, "the CPU time of processes that ended was lost")
    if scenario.share is not None or not load.requests:
        return None
    in_flight = scenario.connections * scenario.depth
    busy_ns = load.requests * load.latency.mean_ns / in_flight
    lowest_ns = (1 - TOLERANCE) * (seconds * 1e9 - load.latency.mean_ns)
    if lowest_ns <= busy_ns <= (1 + ROUNDING) * load.elapsed_ns:
        return None
    found = in_flight * busy_ns / load.elapsed_ns
    return Void(VoidReason.LITTLES_LAW, f"{plural(in_flight, 'request')} in flight, but by Little's law {found:.1f}")


def are_exceptions(voids: Sequence[Void], trials: int) -> bool:
    """Return whether the other trials of a cell count although some of its trials are void.

    A machine that keeps the engine from its processor for a tenth of the window makes a trial contradict Little's law,
    and for the whole of a short window, it lets no request out. This says nothing about the other trials, whereas an
    engine that loses requests contradicts the law again and again.

    Args:
        voids: What made trials of the cell void.
        trials: Number of all its trials.
    """
    return all(one.reason in STARVED for one in voids) and len(voids) <= max(1, MAX_VOID * trials)
