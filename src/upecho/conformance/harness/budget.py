"""How much time failed checks may take, so that a run against any server ends in time."""

import math

from upecho.support import timeouts

FAILED_SECONDS = 10.0  # after which a failed check is the last one
SLOW_SECONDS = 5.0  # for each check after one that a slow server could not finish
LAST_SECONDS = 15.0  # failed checks together, including the one that exceeds FAILED_SECONDS


class Budget:
    """The time that failed checks of one target over one family have taken in this process.

    A check that passes costs nothing, however long it takes.

    Attributes:
        failed: Ids of the checks that failed or were not reached, in the order in which they ran.
    """

    def __init__(self, *, limited: bool = True) -> None:
        """Begin with nothing spent.

        Args:
            limited: Whether there is a limit at all.
        """
        self.failed: list[str] = []
        self._limited = limited
        self._seconds = 0.0
        self._is_slow = False

    def charge(self, check: str, seconds: float) -> None:
        """Count a check that did not pass, and the seconds that it took."""
        if not self.is_spent:
            self.failed.append(check)
            self._seconds += seconds

    def note_slow(self) -> None:
        """Note that the server was too slow for a check, which is no failure."""
        self._is_slow = True

    @property
    def slow_seconds(self) -> float:
        """Seconds that a check may take although the server answers all the time."""
        return timeouts.scaled(SLOW_SECONDS) if self._limited and self._is_slow else math.inf

    @property
    def is_spent(self) -> bool:
        """Whether no further check is worth its time."""
        return self._limited and self._seconds > timeouts.scaled(FAILED_SECONDS)

    @property
    def seconds_left(self) -> float:
        """Seconds that the next check may take before it is abandoned; without limit as long as no check has failed."""
        if not self._limited or not self.failed:
            return math.inf
        return timeouts.scaled(LAST_SECONDS) - self._seconds

    @property
    def cause(self) -> str:
        """Why a check is not run."""
        return f"failed checks have taken {self._seconds:.0f} s; --all runs everything"
