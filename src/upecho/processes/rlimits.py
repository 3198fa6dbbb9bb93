"""The number of descriptors that a process may open, and the number of processes and threads that a user may have."""

import os
import resource

from upecho.processes.linux.process_tree import thread_count
from upecho.support.errors import HarnessError

# Where the hard limit is infinite, macOS accepts a soft one of at least this size: OPEN_MAX in setrlimit(2) of macOS.
OPEN_MAX = 10_240
SPARE_PROCESSES = 5  # if fewer can be started, a process may have been refused one


def raise_limit(wanted: int | None = None) -> None:
    """Raise the limit of this process and of the processes that it starts.

    Args:
        wanted: Number of descriptors; None, or a number above the hard limit, means as many as the system allows.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if wanted is None or resource.RLIM_INFINITY != hard < wanted:
        wanted = hard
    if soft != resource.RLIM_INFINITY and (wanted == resource.RLIM_INFINITY or soft < wanted):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except ValueError:  # how Python reports EINVAL
            resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, OPEN_MAX), hard))


def expect(count: int, use: str) -> None:
    """Verify that a process may open ``count`` descriptors.

    Args:
        count: Number of descriptors.
        use: What they are needed for, for the error message.

    Raises:
        HarnessError: The system does not allow that many.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        raise HarnessError(too_few(use))


def too_few(use: str) -> str:
    """Return a message that a use needs more descriptors than there are, and how to get more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        return f"too few descriptors for {use}: a process may open {soft} here (ulimit -n NUMBER raises that)"
    return (
        f"too few descriptors for {use}: a process may open {soft} here, and {hard} at most "
        "(ulimit -n NUMBER raises the first number; root can raise the second with ulimit -Hn NUMBER)"
    )


def expect_processes(count: int, use: str) -> None:
    """Verify that this user may start ``count`` more processes or threads.

    A server whose threads the system refuses is not to blame for that, so a check that failed and needed many of them
    calls this.

    Args:
        count: Number of processes and threads.
        use: What they are needed for, for the error message.

    Raises:
        HarnessError: The limit of the user leaves fewer.
    """
    left = processes_left()
    if left is not None and left < count:
        limit, _ = resource.getrlimit(resource.RLIMIT_NPROC)
        raise HarnessError(
            f"too few processes and threads for {use}: {count} are needed, and of the {limit} that this user may have "
            f"{left} are left (ulimit -u NUMBER raises the limit)"
        )


def process_hint() -> str:
    """Return what to do if the system refuses a process or a thread; empty if a limit of the user is not the reason."""
    left = processes_left()
    if left is None or left >= SPARE_PROCESSES:
        return ""
    limit, _ = resource.getrlimit(resource.RLIMIT_NPROC)
    return f"this user may have {limit} processes and threads, and ulimit -u NUMBER raises that limit"


def processes_left() -> int | None:
    """Return how many more processes and threads this user may start; None if nothing limits that or shows it.

    The system counts all threads of all processes of a user, also of those that something else has started, and no
    limit applies to root: RLIMIT_NPROC in getrlimit(2).
    """
    limit, _ = resource.getrlimit(resource.RLIMIT_NPROC)
    if limit == resource.RLIM_INFINITY or os.getuid() == 0:
        return None
    present = thread_count(os.getuid())
    return None if present is None else max(0, limit - present)
