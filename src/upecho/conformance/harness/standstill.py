"""Notices that this process did not run for a while, in which nothing that it saw is evidence about a server.

Theory of operation
    A virtual machine may be paused, a laptop may sleep, a process may be stopped, or a machine may be so busy that a
    process gets no processor. When this process runs again, every deadline has passed, those inside a server too,
    although the server had no chance to meet them. A thread that sleeps for short intervals notices: it wakes up late.
"""

import threading
import time

from upecho.processes.refusals import start_thread
from upecho.support.errors import HarnessError

INTERVAL_SECONDS = 0.1  # of the thread's sleep
LONG_SECONDS = 1.0  # less than any deadline of a check, and more than a process waits for a processor that is shared


def standstill(seconds: float) -> HarnessError:
    """Return the error that nothing is known about a server, because this process did not run for some seconds."""
    return HarnessError(f"this machine, or this process, stood still for {seconds:.1f} s", subject="no verdict")


class Standstills:
    """The intervals in which this process did not run although it wanted to, from when it is created."""

    def __init__(self) -> None:
        """Start the thread that notices them.

        Raises:
            HarnessError: The system refuses another thread.
        """
        self._over = threading.Event()
        self._noticed: list[tuple[float, float]] = []  # when each ended, on the monotonic clock, and its seconds
        self._slept = time.monotonic()  # since when the thread has been asleep
        start_thread(self._notice)

    def close(self) -> None:
        """End the thread."""
        self._over.set()

    def longest(self, within: float) -> float:
        """Return the seconds of the longest standstill that has ended recently; 0 if there was none.

        Args:
            within: Seconds before now in which it has ended.
        """
        now = time.monotonic()
        late = self._late_seconds(now)  # the thread may be about to notice one that is just over, and may do so here
        return max([late, *(seconds for ended, seconds in self._noticed if ended >= now - within)])

    def _late_seconds(self, now: float) -> float:
        late = now - self._slept - INTERVAL_SECONDS
        return late if late > LONG_SECONDS else 0.0

    def _notice(self) -> None:
        while not self._over.wait(INTERVAL_SECONDS):
            now = time.monotonic()
            if late := self._late_seconds(now):
                self._noticed.append((now, late))
            self._slept = now
