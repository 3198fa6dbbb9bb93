"""A child process of the harness: its output, its end, and the end of everything that it has started."""

import contextlib
import os
import selectors
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from upecho.processes.linux.process_tree import AVAILABLE, descendants
from upecho.processes.refusals import cannot_start
from upecho.processes.stderr_spool import Spool
from upecho.support import timeouts
from upecho.support.errors import HarnessError

LONGEST_LINE_BYTES = 1 << 24  # the result of a load engine is far shorter
LONGEST_STDERR_BYTES = 1 << 16  # as much of stderr is returned at once
START_SECONDS = 20.0  # for two forks and an exec
END_SECONDS = 2.0  # until a process that has nothing left to do has ended
KILL_SECONDS = 5.0  # until a process that was killed has to be gone; freeing much memory takes a while
GUARDIAN_SECONDS = 2.0  # until a guardian has ended below which nothing is left; one that has not only bears the name
KILL_PAUSE_SECONDS = 0.01  # until a process that was killed is killed again
GROUP_PAUSE_SECONDS = 0.001  # between two looks at a process group


class Lines:
    """The lines that come from a pipe.

    Attributes:
        stream: The reading end of the pipe.
        at_end: Whether end of file was reached.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream
        self.at_end = False
        self._unread = b""  # received after the last complete line

    def read(self, timeout: float) -> str | None:
        """Return the next line without its line end; None at end of file or if no line came in time.

        Args:
            timeout: Seconds to wait; 0 means to look once, and a negative number means that the time is up already.
        """
        deadline = time.monotonic() + timeout
        with selectors.DefaultSelector() as selector:
            selector.register(self.stream, selectors.EVENT_READ)
            remaining = timeout
            while remaining >= 0 and b"\n" not in self._unread and not self.at_end:
                if len(self._unread) > LONGEST_LINE_BYTES or not selector.select(remaining):
                    return None
                self._receive()
                remaining = deadline - time.monotonic()
        if timeout < 0 or b"\n" not in self._unread:
            return None
        line, _, self._unread = self._unread.partition(b"\n")
        return os.fsdecode(line)

    def _receive(self) -> None:
        data = os.read(self.stream.fileno(), 65536)
        self._unread += data
        self.at_end = not data


@dataclass(frozen=True)
class Streams:
    """What connects a child process with the harness.

    Attributes:
        report: A pipe from its keeper; ``upecho.processes.keeper`` defines the lines.
        stdin: A pipe to its standard input.
        stdout: A pipe from its standard output.
        stderr: A pipe from its standard error.
        spool: The file that the content of this pipe goes to.
    """

    report: IO[bytes]
    stdin: IO[bytes]
    stdout: IO[bytes]
    stderr: IO[bytes]
    spool: IO[bytes]


class Child:
    """A child process, which leads a session and a process group of its own.

    Attributes:
        pid: Its process id, which is also the id of its process group.
        tree: Id of the process that everything below the child descends from, whatever happens to its parents. It is
            a process of the guardian and does not count as a part of the child.
        stdin: A pipe to its standard input.
        stdout: A pipe from its standard output.
    """

    def __init__(self, streams: Streams, forget: "Callable[[Child], None]") -> None:
        """Represent a process that was ordered from the guardian, and wait until it executes its program.

        Args:
            streams: What connects it with the harness; they are closed with the child.
            forget: Called when the child has been closed.

        Raises:
            HarnessError: It could not be started.
        """
        self.stdin = streams.stdin
        self.stdout = streams.stdout
        self._stderr, self._spool = streams.stderr, streams.spool
        self._stderr_lock = threading.Lock()  # the lock of the spool distinguishes processes only
        self._report = Lines(streams.report)
        self._lines = Lines(streams.stdout)
        self._status: int | None = None
        self._forget = forget
        self.pid, self.tree = _started(self._report)

    def is_alive(self) -> bool:
        """Whether the process still runs; its children do not count."""
        return self.wait(0) is None

    def send_signal(self, number: int) -> None:
        """Send a signal to the process, but not to its children; nothing happens if it has ended."""
        if self.is_alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def wait(self, timeout: float) -> int | None:
        """Wait for the end; return the exit status (negative for a signal), or None if the process runs on.

        Args:
            timeout: Seconds to wait.
        """
        if self._status is None:
            line = self._report.read(max(0.0, timeout))
            if line is not None:
                self._status = int(line)
            elif self._report.at_end:  # someone has killed the keeper, and nobody knows the status
                self._status = -signal.SIGKILL
        return self._status

    def stderr(self, start: int = 0, end: int | None = None) -> str:
        """Return a part of what the process has written to stderr; if it is very long, the end of that part.

        Args:
            start: Offset in bytes of the part.
            end: Offset in bytes behind the part; None means everything so far.
        """
        with self._stderr_lock:
            return self._spooled().read(start, end, most=LONGEST_STDERR_BYTES).decode(errors="replace")

    def stderr_bytes(self) -> int:
        """Return how many bytes the process has written to stderr so far."""
        with self._stderr_lock:
            return self._spooled().drain()

    def _spooled(self) -> Spool:
        return Spool(self._stderr.fileno(), self._spool.fileno())

    def kill(self) -> None:
        """Kill the process and everything that descends from it, and wait until all of that is gone.

        Raises:
            HarnessError: A process could not be killed.
        """
        began = time.monotonic()
        while True:
            if self.is_alive() or not AVAILABLE:  # all at once, so that none can start another
                _send(os.killpg, self.pid)
            if self._is_gone(KILL_PAUSE_SECONDS):
                return
            seconds = time.monotonic() - began
            left = descendants(self.tree, with_guardians=seconds > timeouts.at_least(GUARDIAN_SECONDS))
            if seconds > timeouts.at_least(KILL_SECONDS):
                raise HarnessError(
                    f"process {', '.join(map(str, left)) or self.pid} does not end",
                    subject="cannot kill a process that was started",
                    hint="it may belong to another user; end it by hand",
                )
            for pid in left:
                _send(os.kill, pid)

    def _is_gone(self, timeout: float) -> bool:
        """Wait for the end of the process and of everything that descends from it; return whether it has come."""
        deadline = time.monotonic() + timeout
        while not self._report.at_end and self.wait(timeout) is not None and time.monotonic() < deadline:
            self._report.read(max(0.0, deadline - time.monotonic()))  # there is no line after the status, only an end
        if AVAILABLE or not self._report.at_end:
            return self._report.at_end
        while (is_left := _has_processes(self.pid)) and time.monotonic() < deadline:
            time.sleep(GROUP_PAUSE_SECONDS)
        return not is_left

    def read_line(self, timeout: float) -> str | None:
        """Return the next line of stdout without its line end; None at end of file or if no line came in time.

        Args:
            timeout: Seconds to wait.
        """
        return self._lines.read(timeout)

    def close(self) -> None:
        """Kill what is left of the child and release its resources.

        Raises:
            HarnessError: As for ``kill``.
        """
        try:
            self.kill()
        finally:
            self._forget(self)
            for stream in (self.stdin, self.stdout, self._report.stream):
                with contextlib.suppress(BrokenPipeError):
                    stream.close()
            with self._stderr_lock:
                self._stderr.close()
                self._spool.close()


def _has_processes(group: int) -> bool:
    """Whether a process group has a process; its keeper does not know that of orphans where it cannot adopt them."""
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):  # macOS refuses to signal a group that consists of zombies
        return False
    return True


def guardian_killed() -> HarnessError:
    """Return the error that the guardian does not start anything any more."""
    return HarnessError("the guardian process was killed", hint="without it, servers could be left behind")


def _started(report: Lines) -> tuple[int, int]:
    """Return the process ids of a program and of its keeper, once the program is executed."""
    line = report.read(timeouts.at_least(START_SECONDS))
    if line is None:
        raise guardian_killed()
    if line.startswith("!"):
        raise cannot_start(line[1:])
    program, keeper = line.split()
    return int(program), int(keeper)


def _send(kill: Callable[[int, int], None], pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # whether it is gone is observed elsewhere
        kill(pid, signal.SIGKILL)
