"""How busy an engine was: the time for which it ran, or would have run if the processor had been free."""

import time
from pathlib import Path

SATURATED = 0.9  # share of the time from which an engine might not notice that a server is faster
SCHEDSTAT = Path("/proc/self/schedstat")  # nanoseconds on a processor, nanoseconds waiting for one, timeslices


def busy_ns() -> int:
    """Return for how many nanoseconds this process has run or waited for a processor, since an arbitrary moment."""
    waited_ns = int(SCHEDSTAT.read_text().split()[1]) if SCHEDSTAT.exists() else 0
    return time.process_time_ns() + waited_ns


def is_saturated(busy_ns: int, elapsed_ns: int) -> bool:
    """Whether the engine may have been the bottleneck instead of the server."""
    return busy_ns >= SATURATED * elapsed_ns
