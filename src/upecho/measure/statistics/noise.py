"""What else went on on the machine while a trial was measured."""

from collections.abc import Iterator

from upecho.load.plan import LoadResult

STOLEN = 0.02  # of the time of the whole machine: another guest of the same host was given it
SWITCHES = 200  # a second, in which the load engine had to let something else run
TOO_MANY = 0.25  # of all trials: then the machine was too busy to conclude anything


def disturbances(load: LoadResult, *, apart: bool = True) -> Iterator[str]:
    """Yield what disturbed a load, in a few words each.

    Args:
        load: what the engine saw.
        apart: the engine had a core of its own; elsewhere it is the server, more than anything, that interrupts it.
    """
    stolen = load.stolen_ns / load.elapsed_ns if load.elapsed_ns else 0.0
    if stolen > STOLEN:
        yield f"{stolen:.0%} of a core stolen"
    switches = load.engine_switches / load.elapsed_ns * 1e9 if load.elapsed_ns else 0.0
    if apart and switches > SWITCHES:
        yield f"the load engine was interrupted {switches:.0f} times a second"
