"""When a worker or a master that is not heard of is lost.

A process that is stopped, or whose machine is, hears nothing, so this time says nothing about others.
"""

import time
from collections.abc import Callable

SILENCE_SECONDS = 10.0  # after which a worker or a master is lost; Locust sends a heartbeat every second
LAPSE_SECONDS = 4.0  # between two looks at the clock, which are at most half a second apart in a process that runs


class WakingClock:
    """A clock that stands still while this process is stopped."""

    def __init__(self, read: Callable[[], float] = time.monotonic) -> None:
        """Start the clock.

        Args:
            read: Returns seconds since an arbitrary moment.
        """
        self._read = read
        self._last = read()
        self._stopped = 0.0

    def now(self) -> float:
        """Return for how many seconds this process has run since some moment; it has to be called all the time."""
        current = self._read()
        if current - self._last > LAPSE_SECONDS:
            self._stopped += current - self._last
        self._last = current
        return current - self._stopped
