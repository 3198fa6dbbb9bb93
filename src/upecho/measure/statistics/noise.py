"""Detects what else the machine did, or did not do, while a trial was measured."""

from collections.abc import Iterator

from upecho.load.plan import LoadResult
from upecho.measure.throttling import Throttling

MAX_STOLEN = 0.02  # of one core's time; a hypervisor gave it to another guest
MAX_SWITCHES_PER_SECOND = 200  # involuntary context switches of a thread of the load engine, on average
MAX_DISTURBED = 0.25  # of all trials; above this, no claim is made


def disturbances(
    load: LoadResult | None, *, throttling: Throttling | None = None, own_core: bool = True
) -> Iterator[str]:
    """Yield what disturbed a trial, as short phrases.

    Args:
        load: Result of the load engine; None if the trial did not get that far.
        throttling: How a CPU quota stopped the engine and the server during the trial; None without a quota.
        own_core: Whether each thread of the engine had a core of its own. On a shared core its context switches mean
            nothing, as they are mostly caused by the server.
    """
    if throttling and throttling.happened:
        yield f"stopped by a CPU quota in {throttling.throttled} of {throttling.periods} periods"
    if not load or not load.elapsed_ns:
        return
    stolen = load.stolen_ns / load.elapsed_ns
    if stolen > MAX_STOLEN:
        yield f"{stolen:.0%} of a core stolen"
    switches = load.engine_switches / load.threads / load.elapsed_ns * 1e9
    if own_core and switches > MAX_SWITCHES_PER_SECOND:
        yield f"load engine interrupted {switches:.0f} times a second"
