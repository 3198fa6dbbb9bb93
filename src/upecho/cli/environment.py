"""What the environment of a command has to provide before servers are started."""

from upecho.support import timeouts
from upecho.support.paths import current_directory


def expect_usable_environment() -> None:
    """Make sure that a fault of the environment is reported as such and does not look like a fault of a server.

    Raises:
        CallerError: The current directory no longer exists, or UPECHO_DEADLINE_SCALE is not a number in its range.
    """
    current_directory()
    timeouts.scaled(1.0)
