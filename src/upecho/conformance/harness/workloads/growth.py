"""Tells memory that is lost for ever from garbage, caches and free lists, which stop growing at some level.

Theory of operation
===================

The same work is done again and again, in equal batches, and the memory in use is read after each. A leak adds the same
amount with every batch. Everything else becomes flat sooner or later: in the last four readings, the lower one of the
two newer readings is not above the lower one of the two older readings. Of two readings in a row, the lower one counts,
because a reading may come while resources are about to be freed.

A single difference cannot tell the two apart: a runtime with a garbage collector may grow by 40 MiB while it serves its
first ten thousand clients, and be flat from then on.
"""

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from upecho.conformance.harness.servers.settling import POLL_INTERVAL_SECONDS
from upecho.conformance.harness.violation import NotReached, Violation
from upecho.support import timeouts

PAIR = 2  # readings of which the lower one counts
WINDOW = 2 * PAIR
SETTLING_READINGS = 5
LEAST_SLACK_BYTES = 64 << 10  # some pages change even if nothing is kept
# A server that was too slow for all the work is accused only if it has grown steadily, and by this much: after half of
# the work, or before that by more than the garbage of any runtime, since that of Node.js levels off at 43 MiB.
LEAK_BYTES = 512 << 10
EARLY_LEAK_BYTES = 64 << 20
LEAST_STEPS = 6


@dataclass(frozen=True)
class Work:
    """Work that is repeated in equal batches.

    Attributes:
        batch: Does one batch.
        size: Number of things in one batch.
        thing: What a batch consists of, such as ``clients``.
        slack_bytes: Growth in bytes for each thing that counts as none.
        most: Number of things after which memory that still grows is lost.
        seconds: Duration after which a slow server gets no more work.
    """

    batch: Callable[[], object]
    size: int
    thing: str
    slack_bytes: float
    most: int
    seconds: float


def expect_level_memory(read: Callable[[], int], work: Work) -> None:
    """Repeat the work until the memory in use stops growing.

    Args:
        read: Returns the memory in use, in bytes.
        work: The work.

    Raises:
        Violation: The memory grew until the end of the work.
        NotReached: The server was too slow for all the work, and did not grow so steadily that it must be a leak.
    """
    slack = max(LEAST_SLACK_BYTES, int(PAIR * work.size * work.slack_bytes))
    readings = [settled_reading(read)]
    deadline = time.monotonic() + timeouts.scaled(work.seconds)
    while not is_level(readings, slack):
        done = work.size * (len(readings) - 1)
        is_over = len(readings) > WINDOW and time.monotonic() > deadline
        if is_over or done >= work.most:
            raise _growth(readings, done, work)
        work.batch()
        readings.append(settled_reading(read))


def is_level(readings: Sequence[int], slack: int) -> bool:
    """Return whether the last readings, in bytes, show no growth beyond ``slack`` bytes."""
    older, newer = readings[-WINDOW:-PAIR], readings[-PAIR:]
    return len(readings) >= WINDOW and min(newer) <= min(older) + slack


def settled_reading(read: Callable[[], int]) -> int:
    """Return a reading that did not fall any more, as far as a few further readings show."""
    lowest = read()
    for _ in range(SETTLING_READINGS):
        time.sleep(POLL_INTERVAL_SECONDS)
        last, lowest = lowest, min(lowest, read())
        if lowest == last:
            break
    return lowest


def is_steady(readings: Sequence[int]) -> bool:
    """Return whether the readings, in bytes, grow in many steps, none of which is much smaller than the others."""
    levels = [min(readings[start : start + PAIR]) for start in range(0, len(readings) - PAIR + 1, PAIR)]
    steps = [newer - older for older, newer in itertools.pairwise(levels)]
    return len(steps) >= LEAST_STEPS and min(steps) > sum(steps) / len(steps) / 2 > 0


def _growth(readings: Sequence[int], done: int, work: Work) -> Violation:
    """Return the violation that the memory in use grew until the end of the work.

    Args:
        readings: Memory in use, in bytes.
        done: Number of things after which the work ended.
        work: The work.
    """
    grown = readings[-1] - readings[0]
    seen = f"{grown >> 10} KiB more after {done} {work.thing}, and still growing"
    violation = Violation("memory in use that stops growing", seen)
    least = LEAK_BYTES if done >= work.most / 2 else EARLY_LEAK_BYTES
    if done >= work.most or (grown >= least and is_steady(readings)):
        return violation
    return NotReached("enough work to tell a leak from something else", violation)
