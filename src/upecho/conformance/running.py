"""A server process that the suite has started: what it says, and what it uses."""

import os
import signal
import time
from collections.abc import Callable

from upecho import deadlines, observe
from upecho.address import Address
from upecho.conformance.violation import Violation
from upecho.process import Child

PATIENCE_SECONDS = 5.0  # for what must come to rest, or back to what it was
LOOK_SECONDS = 0.01  # between two looks at a process for a change that makes no event
REST_SECONDS = 0.3
REST_SHARE = 0.03  # of a core: ten wake-ups a second cost less, and one that spins gets more on any machine
REST_WINDOWS = 4  # so that what was left to do does not count as spinning


class Running:
    """A server that was ready once.

    Attributes:
        address: where it listens.
    """

    def __init__(self, child: Child, address: Address, *, farewell_counts: bool, may_complain: bool) -> None:
        self.child = child
        self.address = address
        self._farewell_counts = farewell_counts
        self._may_complain = may_complain
        self._heard = child.stderr_bytes()  # what a server says before it is ready is its own affair
        self._until: int | None = None

    def signal_all(self, number: signal.Signals) -> None:
        """Send a signal to the process and its children."""
        if self.child.is_alive():
            os.killpg(self.child.pid, number)

    def told_to_stop(self) -> None:
        """Note the moment: what a command says from now on is its farewell."""
        if self._until is None and not self._farewell_counts:
            self._until = self.child.stderr_bytes()

    def news(self) -> str:
        """Return what it has written to stderr since this was last asked, if that is a finding."""
        until = self.child.stderr_bytes() if self._until is None else self._until
        text = self.child.stderr(self._heard, until)
        self._heard = until
        return "" if self._may_complain else text

    def descriptors(self) -> int:
        """Return how many descriptors are open."""
        return observe.descriptor_count(self.child.pid)

    def tasks(self) -> int:
        """Return how many threads and processes there are, zombies included."""
        return observe.task_count(self.child.pid)

    def resident_bytes(self) -> int:
        """Return the memory in use."""
        return observe.resident_bytes(self.child.pid)

    def expect_at_most(self, limit: int, read: Callable[[], int], unit: str) -> None:
        """Wait until what ``read`` returns is at most ``limit``, which must come to be."""
        deadline = time.monotonic() + deadlines.seconds(PATIENCE_SECONDS)
        while (now := read()) > limit:
            if time.monotonic() > deadline:
                raise Violation(f"at most {limit} {unit}", f"{now}")
            time.sleep(LOOK_SECONDS)

    def expect_rest(self) -> None:
        """Expect that it uses no CPU time to speak of for a while, once it is through with what there was to do."""
        used = []
        for _ in range(REST_WINDOWS):
            before = observe.cpu_ns(self.child.pid)
            time.sleep(REST_SECONDS)
            used.append((observe.cpu_ns(self.child.pid) - before) / 1e9 / REST_SECONDS)
            if used[-1] < REST_SHARE:
                return
        shown = ", ".join(f"{share:.0%}" for share in used)
        raise Violation(f"less than {REST_SHARE:.0%} of a core once there is nothing to do", f"{shown} of a core")


def settled(read: Callable[[], int]) -> int:
    """Return what ``read`` returns once it does so twice, as when what a client has left is about to be cleared."""
    last, value = -1, read()
    while value != last:
        time.sleep(LOOK_SECONDS)
        last, value = value, read()
    return value
