"""The number of descriptors that a process may open."""

import resource

from upecho.support.errors import HarnessError


def raise_limit(wanted: int | None = None) -> None:
    """Raise the limit of this process and of the processes that it starts.

    Args:
        wanted: Number of descriptors; None, or a number above the hard limit, means as many as the system allows.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if wanted is None or resource.RLIM_INFINITY != hard < wanted:
        wanted = hard
    if soft != resource.RLIM_INFINITY and (wanted == resource.RLIM_INFINITY or soft < wanted):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


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
    return (
        f"too few descriptors for {use}: a process may open {soft} here, and {hard} at most "
        "(ulimit -n NUMBER raises the first number; root can raise the second with ulimit -Hn NUMBER)"
    )
