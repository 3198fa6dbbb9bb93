"""A meter that also counts system calls, between its two readings."""

from collections.abc import Callable

from upecho.processes.linux import procfs, system_calls
from upecho.processes.linux.scope import Scope
from upecho.support.errors import Unavailable


class CallMeter:
    """Reads what a server has used, and counts its system calls from the first reading to the second one.

    Attributes:
        calls: Number of system calls; None before the second reading, or if they could not be counted.
    """

    calls: int | None = None

    def __init__(self, scope: Scope, method: system_calls.Method) -> None:
        """Count nothing yet.

        Args:
            scope: Processes of the server.
            method: How to count.
        """
        self._scope = scope
        self._method = method
        self._end: Callable[[], int | None] | None = None

    def __call__(self) -> procfs.Use:
        """Return what the server has used; begin to count after the first reading, end before the second one."""
        if self._end:
            self.close()
            return self._scope.use()
        use = self._scope.use()
        try:
            self._end = system_calls.begin(self._method, self._scope.members())
        except Unavailable:
            self._end = lambda: None
        return use

    def close(self) -> None:
        """End counting, if that has not happened yet."""
        if self._end:
            self.calls = self._end()
            self._end = lambda: self.calls
