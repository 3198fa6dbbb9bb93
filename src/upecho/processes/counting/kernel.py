"""Counting with the counters of the kernel, where the hardware has some: exact, and as fast as without."""

import platform
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from upecho.processes.linux import procfs
from upecho.processes.linux.kernel_counters import INSTRUCTIONS, Event, KernelCounters, expect_available
from upecho.processes.server_process import ServerProcess


class KernelCount:
    """The count of one server process, which begins when it is attached.

    Attributes:
        prefix: Nothing, because the server runs as usual.
    """

    prefix: tuple[str, ...] = ()

    def __init__(self, event: Event, stack: ExitStack) -> None:
        self._event = event
        self._stack = stack

    def attach(self, server: ServerProcess) -> None:
        """Begin to count."""
        self._counters = self._stack.enter_context(KernelCounters(self._event, procfs.members(server.child.tree)))

    def total(self) -> int:
        """Return the number of instructions since the beginning."""
        return self._counters.total()


class Kernel:
    """The counters of the kernel.

    Attributes:
        name: Name that users choose it by.
        tool: What counts.
        slowdown: 1, because the hardware counts.
    """

    name = "perf"
    slowdown = 1.0

    def __init__(self, event: Event = INSTRUCTIONS) -> None:
        """Make sure that the event can be counted.

        Raises:
            Unavailable: The system has no such counter, or forbids it.
        """
        expect_available(event)
        self._event = event
        self.tool = f"{platform.system()} {platform.release()}"

    @contextmanager
    def count(self, directory: Path) -> Iterator[KernelCount]:  # noqa: ARG002 (it needs no files)
        """Return the count of one server process."""
        with ExitStack() as stack:
            yield KernelCount(self._event, stack)
