"""The interface of what counts instructions, and the choice of a counter."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from upecho.processes.counting.callgrind import Callgrind
from upecho.processes.counting.kernel import Kernel
from upecho.processes.server_process import ServerProcess
from upecho.support.errors import Unavailable

AUTO, PERF, CALLGRIND = "auto", "perf", "callgrind"
NAMES = (AUTO, PERF, CALLGRIND)


class Count(Protocol):
    """The count of one server process."""

    @property
    def prefix(self) -> tuple[str, ...]:
        """A program and arguments that execute the command of the server, as in ``Launch``."""
        ...

    def attach(self, server: ServerProcess) -> None:
        """Take note of a server that is ready.

        Raises:
            HarnessError: It cannot be counted.
        """
        ...

    def total(self) -> int:
        """Return the number of instructions that the server executed in user mode, after it has ended.

        The count begins at the latest when the server is attached, and only the difference between two servers that are
        started in the same way means anything.

        Raises:
            Uncountable: The count of a process is missing.
            HarnessError: The counter does not work.
        """
        ...


class Counter(Protocol):
    """A way of counting instructions."""

    @property
    def name(self) -> str:
        """Name that users choose it by."""
        ...

    @property
    def tool(self) -> str:
        """What counts, with its version."""
        ...

    @property
    def slowdown(self) -> float:
        """How many times as long as usual a server may take for everything while it is counted."""
        ...

    def count(self, directory: Path) -> AbstractContextManager[Count]:
        """Return the count of one server process.

        Args:
            directory: Directory for temporary files.
        """
        ...


def counter(name: str) -> Counter:
    """Return a counter that works here.

    Args:
        name: PERF, CALLGRIND, or AUTO for the first of them that works.

    Raises:
        Unavailable: It does not work here.
    """
    if name == CALLGRIND:
        return Callgrind()
    if name == PERF:
        return Kernel()
    try:
        return Kernel()
    except Unavailable as missing:
        return _callgrind_instead(missing)


def _callgrind_instead(missing: Unavailable) -> Counter:
    try:
        return Callgrind()
    except Unavailable as error:
        reason = f"{missing.reason}, and {error.reason}"
        raise Unavailable(reason, subject="counting instructions", hint=error.hint) from None
