"""How busy an engine was: the time in which it ran or would have run, had the processor been free."""

import time
from pathlib import Path

SATURATED = 0.9  # of the time: an engine so busy might not have noticed a faster server
SCHEDSTAT = Path("/proc/self/schedstat")  # ns on a processor, ns waiting for one, timeslices


def busy_ns() -> int:
    """Return for how long this process has wanted to run; only the difference of two such times matters."""
    waited_ns = int(SCHEDSTAT.read_text().split()[1]) if SCHEDSTAT.exists() else 0
    return time.process_time_ns() + waited_ns


def is_saturated(busy_ns: int, elapsed_ns: int) -> bool:
    """Whether the engine, and not the server, may have been the bottleneck."""
    return busy_ns >= SATURATED * elapsed_ns
