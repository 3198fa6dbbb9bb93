"""A server process that the suite has started: what it says, and what it uses."""

import os
import signal
import time
from collections.abc import Callable

from upecho.conformance.harness.violation import Violation, untimely
from upecho.net.address import Address
from upecho.processes import procfs
from upecho.processes.supervisor import Child
from upecho.support import timeouts

TIMEOUT_SECONDS = 5.0  # for what must come to rest, or back to what it was
POLL_INTERVAL_SECONDS = 0.01  # between two looks at a process for a change that makes no event
REST_SECONDS = 0.3
REST_STEP_SECONDS = 0.1  # from the beginning of one window to that of the next
REST_SHARE = 0.03  # of a core: ten wake-ups a second cost less, and one that spins gets more on any machine
REST_LONGEST_SECONDS = 3.0  # so that what was left to do does not count as spinning
REST_MEAN_SECONDS = 2.0  # longer than the second after which asyncio tries again to accept
REST_MEAN_SHARE = 0.1  # of a core, for bursts that a busy machine draws out until no quiet window is left between them


ENDING_SECONDS = 0.2  # how much later than on its sockets the end of a process may be seen on itself


class Running:
    """A server that was ready once.

    Attributes:
        address: where it listens.
    """

    def __init__(self, child: Child, address: Address, *, is_command: bool, may_complain: bool) -> None:
        self.child = child
        self.address = address
        self._is_command = is_command
        self._may_complain = may_complain
        self._heard = child.stderr_bytes()  # what a server says before it is ready is its own affair
        self._until: int | None = None
        self._told = False
        self._since = 0

    def signal_all(self, number: signal.Signals) -> None:
        """Send a signal to the process and its children."""
        if self.child.is_alive():
            os.killpg(self.child.pid, number)

    def told_to_stop(self) -> None:
        """Note the moment: what a command says from now on is its farewell."""
        self._told = True
        if self._until is None and self._is_command:
            self._until = self.child.stderr_bytes()

    def begin_check(self) -> None:
        """Note the moment: what it has said until now was in other checks."""
        self._since = self.child.stderr_bytes()

    def said(self) -> str:
        """Return what it has written to stderr during this check."""
        return self.child.stderr(self._since)

    def ended_untold(self) -> str:
        """Return how it has ended, if it has though nobody told it to; else nothing."""
        status = None if self._told else self.child.wait(ENDING_SECONDS)
        if status is None:
            return ""
        return f"the server {'was' if status < 0 else 'ended with'} {untimely(status, is_command=self._is_command)}"

    def news(self) -> str:
        """Return what it has written to stderr since this was last asked, if that is a finding."""
        until = self.child.stderr_bytes() if self._until is None else self._until
        text = self.child.stderr(self._heard, until)
        self._heard = until
        return "" if self._may_complain else text

    def descriptor_count(self) -> int:
        """Return how many descriptors are open."""
        return procfs.descriptor_count(self.child.pid)

    def living_count(self) -> int:
        """Return how many processes there are that have not ended."""
        return procfs.living_count(self.child.pid)

    def task_count(self) -> int:
        """Return how many threads and processes there are, zombies included."""
        return procfs.task_count(self.child.pid)

    def is_busy(self) -> bool:
        """Whether it does something, or would if the machine let it; where that cannot be seen, not."""
        return procfs.AVAILABLE and procfs.is_busy(self.child.pid)

    def resident_bytes(self) -> int:
        """Return the memory in use."""
        return procfs.resident_bytes(self.child.pid)

    def expect_at_most(self, limit: int, read: Callable[[], int], unit: str) -> None:
        """Wait until what ``read`` returns is at most ``limit``, which must come to be."""
        deadline = time.monotonic() + timeouts.seconds(TIMEOUT_SECONDS)
        while (now := read()) > limit:
            if time.monotonic() > deadline:
                raise Violation(f"at most {limit} {unit}", f"{now}")
            time.sleep(POLL_INTERVAL_SECONDS)

    def expect_idle_cpu(self) -> None:
        """Expect that it uses no CPU time to speak of for a while, once it is through with what there was to do."""
        looks = [self._look()]
        while looks[-1][0] - looks[0][0] < REST_LONGEST_SECONDS:
            time.sleep(REST_STEP_SECONDS)
            looks.append(self._look())
            if _share(looks, REST_SECONDS) < REST_SHARE:
                return
        if (mean := _share(looks, REST_MEAN_SECONDS)) >= REST_MEAN_SHARE:
            seen = f"{mean:.0%} of a core over {REST_MEAN_SECONDS:g} s"
            raise Violation(f"less than {REST_SHARE:.0%} of a core once there is nothing to do", seen)

    def _look(self) -> tuple[float, float]:
        """Return the time, and the CPU time used until now, in seconds."""
        return time.monotonic(), procfs.cpu_ns(self.child.pid) / 1e9


def _share(looks: list[tuple[float, float]], seconds: float) -> float:
    """Return which share of a core was used in about the last so many seconds; all of it if there were fewer."""
    end, used_in_all = looks[-1]
    for began, used in reversed(looks):
        if end - began >= seconds:
            return (used_in_all - used) / (end - began)
    return 1.0


def settled(read: Callable[[], int]) -> int:
    """Return what ``read`` returns once it does so twice, as when what a client has left is about to be cleared."""
    last, value = -1, read()
    while value != last:
        time.sleep(POLL_INTERVAL_SECONDS)
        last, value = value, read()
    return value
