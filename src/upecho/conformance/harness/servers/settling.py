"""Waits until what can be read of a server has settled, such as its open descriptors after clients have left."""

import time
from collections.abc import Callable

from upecho.conformance.harness.clients.connection import TIMEOUT_SECONDS
from upecho.conformance.harness.clients.idle_watch import IdleWatch
from upecho.conformance.harness.violation import Violation
from upecho.support import timeouts

POLL_INTERVAL_SECONDS = 0.01  # between two readings of something that causes no event when it changes
FINISH_SECONDS = 1.0  # for what clients that have left still cause; a server that spins never finishes


def settled(read: Callable[[], int]) -> int:
    """Return a reading once two readings in a row agree, as when the resources of a client are about to be freed."""
    last, value = -1, read()
    while value != last:
        time.sleep(POLL_INTERVAL_SECONDS)
        last, value = value, read()
    return value


def let_finish(is_busy: Callable[[], bool]) -> None:
    """Wait for a while until no thread of the server has anything left to do, such as closing connections.

    Two looks have to agree, because the kernel of a busy machine may deliver the end of a connection late.

    Args:
        is_busy: Whether a thread of the server is at work or waits for a processor.
    """
    deadline = time.monotonic() + timeouts.scaled(FINISH_SECONDS)
    idle_looks = 0
    while idle_looks < 2 and time.monotonic() < deadline:
        time.sleep(POLL_INTERVAL_SECONDS)
        idle_looks = 0 if is_busy() else idle_looks + 1


def expect_at_most(limit: int, read: Callable[[], int], unit: str, watch: IdleWatch | None = None) -> None:
    """Expect that a reading of a process falls to ``limit`` or below in time.

    Args:
        limit: The greatest value that is accepted.
        read: Returns the present value.
        unit: What is counted, for the report.
        watch: Ends the wait early if the server does nothing; None waits for the whole time.
    """
    deadline = time.monotonic() + timeouts.scaled(TIMEOUT_SECONDS)
    while (now := read()) > limit:
        if time.monotonic() > deadline or (watch and watch.is_idle()):
            raise Violation(f"at most {limit} {unit}", f"{now}")
        time.sleep(POLL_INTERVAL_SECONDS)
