"""Tells a server that does nothing from one that is at work or waits for a processor, so that a wait may end early.

Theory of operation
    A server that has received a request, runs no code and is not about to run any will not answer it. Waiting longer
    for it proves nothing, except where something else may still wake it up: a timer of its own, or a retransmission
    timer of the kernel. The callers rule out the second. For the first, a server has to do nothing for almost two
    seconds.

    Whether a server does nothing is sampled. A thread that waits for a processor is runnable for as long as it waits,
    so a busy machine cannot hide it; one that runs only between two samples shows in the CPU time. Time counts only as
    far as samples cover it, since this process may itself have to wait for a processor.
"""

import time

from upecho.processes.server_process import ServerProcess
from upecho.support import timeouts

IDLE_SECONDS = 1.8
STEP_SECONDS = 0.1  # between two samples
MAX_CPU_SECONDS = 0.005  # used by a server in IDLE_SECONDS that only wakes up now and then to see that nothing is to do


class IdleWatch:
    """Watches one server process from now on."""

    def __init__(self, process: ServerProcess) -> None:
        self._process = process
        self._sampled = time.monotonic()
        self._cpu_seconds = process.cpu_seconds()
        self._idle_seconds = 0.0

    @classmethod
    def of(cls, process: ServerProcess | None) -> "IdleWatch | None":
        """Return a watch, or None if this system does not show what the process does."""
        return cls(process) if process and process.is_shown else None

    def is_idle(self) -> bool:
        """Take a sample; return whether the server has done nothing for long enough."""
        now, cpu_seconds = time.monotonic(), self._process.cpu_seconds()
        if self._process.is_busy() or cpu_seconds - self._cpu_seconds > MAX_CPU_SECONDS:
            self._idle_seconds, self._cpu_seconds = 0.0, cpu_seconds
        else:
            self._idle_seconds += min(now - self._sampled, 2 * STEP_SECONDS)
        self._sampled = now
        return self._idle_seconds >= timeouts.scaled(IDLE_SECONDS)
