"""Whether what a load engine tells can be true, and the machine gave it what it needed."""

from upecho.load.plan import Failure, LoadResult
from upecho.measure.cells import Scenario

NO_PORT = "no local port left"
CPU_LOST = "processes that ended took their CPU time along"
TOLERANCE = 0.1
ROUNDING = 0.01  # of a mean and an elapsed time that were measured apart


def doubt(scenario: Scenario, load: LoadResult, seconds: float) -> str:
    """Say why a load is no measurement though the server did nothing wrong; empty if it is one.

    Args:
        scenario: what the load was to be.
        load: what was seen.
        seconds: how long new requests were sent.

    In a closed loop every place for a request is taken all the time, so places and the mean latency give the rate:
    Little, A Proof for the Queuing Formula L = lambda W, 1961. An engine that lost requests, or took the time of
    something else, breaks that. Places are taken from their first request on, which comes a latency after the clock at
    most; behind the window each is free as soon as it has its last reply, however long another one waits for that.
    """
    if Failure.NO_PORT in load.errors:
        return NO_PORT
    if load.requests and load.server_cpu_ns is not None and load.server_cpu_ns <= 0:
        return CPU_LOST
    if scenario.share is not None or not load.requests:
        return ""
    places = scenario.connections * scenario.depth
    taken_ns = load.requests * load.latency.mean_ns / places
    lowest_ns = (1 - TOLERANCE) * (seconds * 1e9 - load.latency.mean_ns)
    if lowest_ns <= taken_ns <= (1 + ROUNDING) * load.elapsed_ns:
        return ""
    return f"{places} requests were in flight, but by Little's law {places * taken_ns / load.elapsed_ns:.1f}"
