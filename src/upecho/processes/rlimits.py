"""How many descriptors a process may open: raise it as far as it goes, and say so where that is too little."""

import resource

from upecho.support.errors import HarnessError


def raise_limit(wanted: int | None = None) -> None:
    """Let this process, and those that it starts, open so many descriptors, or as many as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if wanted is None or resource.RLIM_INFINITY != hard < wanted:
        wanted = hard
    if soft != resource.RLIM_INFINITY and (wanted == resource.RLIM_INFINITY or soft < wanted):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def expect(number: int, use: str) -> None:
    """Make sure that a process can open so many.

    Raises:
        HarnessError: the system does not allow it.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < number:
        raise HarnessError(too_few(use))


def too_few(use: str) -> str:
    """Say that there are not enough descriptors for a use, and how to get more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return (
        f"too few descriptors for {use}: a process may open {soft} here, and {hard} at most "
        "(ulimit -n NUMBER raises the first, and root with ulimit -Hn NUMBER the second)"
    )
