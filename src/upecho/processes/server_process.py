"""A server that runs as a child process: what it was started with, what it uses, and how to signal and stop it."""

import contextlib
import math
import os
import signal
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Self

from upecho.net.address import Address
from upecho.processes import handling
from upecho.processes.child import Child
from upecho.processes.handling import Handling
from upecho.processes.interpreter import Interpreter
from upecho.processes.linux import listening, procfs, signal_masks, thread_signal
from upecho.processes.linux.process_tree import descendants
from upecho.serving.settings import Settings
from upecho.serving.target import Kind, Target
from upecho.support import timeouts
from upecho.support.errors import Unavailable

STOP_SECONDS = 5.0  # in addition to the server's own grace
OUTSIDE_SECONDS = 0.1  # between two searches for processes that have left the process group; each takes a millisecond
HANDLER_SECONDS = 1.0  # until a server that accepts connections has to have its signal handlers as well


@dataclass(frozen=True)
class Launch:
    """What to start, and under which conditions.

    Attributes:
        target: An implementation or a command.
        address: Where the server has to listen, in a form that Address.parse reads. A command cannot report the port
            that the system chooses for port 0, so it needs another one.
        settings: Settings of an implementation; a command brings its own.
        cores: Processor cores that the process may run on; empty means all of them.
        descriptors: Number of descriptors that the process may open; None means as many as this process.
        interpreter: Python that runs an implementation; None means the one that runs upecho.
        umask: File mode creation mask of the process; None means that of this process.
        prefix: A program and arguments that execute the command which follows them.
        layout: Number of the memory layout (``upecho.processes.layout``), the same for servers that are compared with
            each other; None leaves it to the system, which randomizes it.
    """

    target: Target
    address: str
    settings: Settings = field(default_factory=Settings)
    cores: Collection[int] = ()
    descriptors: int | None = None
    interpreter: Interpreter | None = None
    umask: int | None = None
    prefix: Sequence[str] = ()
    layout: int | None = None

    @property
    def grace(self) -> float:
        """Seconds that the server may give its clients after it was told to stop."""
        if self.target.kind is Kind.COMMAND:
            return self.target.grace
        return max(self.settings.grace, self.target.grace)


class ServerProcess:
    """A server in a child process, which has been ready once; as a context manager it is killed at the end.

    Attributes:
        child: The process.
        address: Actual address that the server listens on.
        launch: How it was started.
        startup_stderr_bytes: Size in bytes of what it wrote to stderr before it was ready.
    """

    def __init__(self, child: Child, address: Address, launch: Launch, startup_stderr_bytes: int = 0) -> None:
        self.child = child
        self.startup_stderr_bytes = startup_stderr_bytes
        self.address = address
        self.launch = launch
        # A system may hide the processes of other users, such as those below sudo: hidepid in proc(5).
        self._is_hidden = not procfs.shows(child.pid) and child.is_alive()
        self._outside: list[int] = []
        self._looked_outside = -math.inf

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.child.close()

    def stop(self, number: int = signal.SIGTERM) -> int | None:
        """Send a signal and wait for the end; return the exit status, or None if the process had to be killed."""
        self.child.send_signal(number)
        status = self.child.wait(self.launch.grace + timeouts.scaled(STOP_SECONDS))
        self.child.kill()
        return status

    def signal_all(self, number: signal.Signals) -> None:
        """Send a signal to the process and everything that descends from it, unless the process has ended."""
        if not self.child.is_alive():
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.child.pid, number)
        for pid in self._outside_group():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def _outside_group(self) -> list[int]:
        """Return the processes that have left the process group; it looks for them once in a while."""
        now = time.monotonic()
        if now - self._looked_outside > OUTSIDE_SECONDS:
            self._looked_outside = now
            stats = descendants(self.child.tree)
            self._outside = [pid for pid, stat in stats.items() if int(stat[2]) != self.child.pid]
        return self._outside

    @property
    def is_shown(self) -> bool:
        """Whether this system shows what the process uses."""
        return procfs.AVAILABLE and not self._is_hidden

    def await_handler(self, number: int, timeout: float = HANDLER_SECONDS) -> Handling:
        """Wait until the server handles a signal; return what is known at the end.

        Args:
            number: The signal.
            timeout: Seconds to wait; it is scaled. 0 means to look once.
        """
        return handling.await_handler(self.child, self.address, number=number, timeout=timeout)

    def listening_addresses(self) -> list[Address]:
        """Return the addresses at which the server listens; none where the system does not show that."""
        return listening.listening_addresses(procfs.members(self.child.tree))

    def threads_open_to(self, number: signal.Signals) -> list[int]:
        """Return the ids of the threads, other than the main thread, that the kernel may deliver a signal to."""
        return signal_masks.threads_open_to(self.child.pid, number)

    def without_handler(self, number: signal.Signals) -> list[int]:
        """Return the ids of the processes, children included, that are known to have no handler for a signal."""
        return [pid for pid in procfs.members(self.child.tree) if signal_masks.handles(pid, number) is False]

    def signal_group(self, number: signal.Signals) -> None:
        """Send a signal to every process of the group that the process leads, as a terminal does."""
        os.killpg(self.child.pid, number)

    def serving_group(self) -> int:
        """Return the id of the process group that serves, which is another one than the first if it has left that."""
        return os.getpgid((handling.listeners(self.child, self.address) or [self.child.pid])[0])

    def signal_thread(self, thread: int, number: signal.Signals) -> None:
        """Send a signal to one thread of the process."""
        thread_signal.signal_thread(self.child.pid, thread, number)

    def descriptor_count(self) -> int:
        """Return the number of open descriptors.

        Raises:
            Unavailable: This system does not show what a process uses, as for all methods below that return a number,
                or it does not show the descriptors of a process of another user.
        """
        count = procfs.descriptor_count(self._tree())
        if count is None:
            reason = "only that user and root may see the descriptors of a process"
            raise Unavailable(reason, subject="the resource usage of a process of another user")
        return count

    def living_count(self) -> int:
        """Return the number of processes that have not ended."""
        return procfs.living_count(self._tree())

    def task_count(self) -> int:
        """Return the number of threads and processes, zombies included."""
        return procfs.task_count(self._tree())

    def thread_counts(self) -> list[int]:
        """Return the number of threads of each process, zombies included."""
        return procfs.thread_counts(self._tree())

    def is_busy(self) -> bool:
        """Whether a thread runs or is ready to run; False where the system does not show it."""
        return self.is_shown and procfs.is_busy(self.child.tree)

    def is_stopped(self) -> bool:
        """Whether every thread is stopped by a signal; True where the system does not show it."""
        return not self.is_shown or procfs.is_stopped(self.child.tree)

    def resident_bytes(self) -> int:
        """Return the memory in use, in bytes."""
        return procfs.resident_bytes(self._tree())

    def cpu_seconds(self) -> float:
        """Return the CPU time used so far, in seconds."""
        return procfs.cpu_ns(self._tree()) / 1e9

    def _tree(self) -> int:
        """Return the process whose descendants are the server.

        Raises:
            Unavailable: This system does not show what a process uses.
        """
        procfs.expect_available("the resource usage of a process")
        if self._is_hidden:
            reason = "/proc is mounted so that it hides them"
            raise Unavailable(reason, subject="the resource usage of the processes of other users")
        return self.child.tree
