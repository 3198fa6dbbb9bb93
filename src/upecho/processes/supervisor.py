"""Child processes: starting, observing and stopping them, and leaving none behind.

A ``Supervisor`` starts every child through a gate: a shell that waits for a line before it executes the program. The
line is sent after the guardian has been told of the child, so a harness that is killed at any moment leaves no process
behind. ``upecho.processes.guardian`` explains the rest.
"""

import contextlib
import itertools
import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import IO, Self

from upecho.net.address import Family
from upecho.processes import guardian
from upecho.processes.rlimits import expect
from upecho.support.errors import HarnessError

LONGEST_LINE_BYTES = 1 << 24  # the result of a load engine is far shorter
LONGEST_STDERR_BYTES = 1 << 16  # as much of stderr is returned at once
MAX_STDERR_BYTES = 1 << 24  # as much of stderr is kept on the disk
POLL_INTERVAL_SECONDS = 0.2  # between two measurements of stderr
# Waits for a line; then sets the limit of descriptors ($1) and mutes stdout ($2) if they are given, and becomes the
# program ($3 and on).
GATE = 'read -r go && { [ -z "$1" ] || ulimit -n "$1"; } && { [ -z "$2" ] || exec >/dev/null; } && shift 2 && exec "$@"'


class Child:
    """A child process, which leads a session and a process group of its own.

    Attributes:
        pid: Its process id, which is also the id of its process group.
        stdin: A pipe to its standard input.
        stdout: A pipe from its standard output.
    """

    def __init__(self, popen: subprocess.Popen[bytes], *, stderr: IO[bytes], supervisor: "Supervisor") -> None:
        self._popen = popen
        self._stderr = stderr
        self._stderr_lock = threading.Lock()  # held while a part of the file is discarded
        self._supervisor = supervisor
        self.pid = popen.pid
        assert popen.stdin
        assert popen.stdout
        self.stdin: IO[bytes] = popen.stdin
        self.stdout: IO[bytes] = popen.stdout
        self._unread = b""  # received on stdout after the last complete line

    def is_alive(self) -> bool:
        """Whether the process still runs; its children do not count."""
        return self._popen.poll() is None

    def send_signal(self, number: int) -> None:
        """Send a signal to the process, but not to its children."""
        self._popen.send_signal(number)

    def wait(self, timeout: float) -> int | None:
        """Wait for the end; return the exit status (negative for a signal), or None if the process runs on."""
        try:
            return self._popen.wait(timeout)
        except subprocess.TimeoutExpired:
            return None

    def stderr(self, start: int = 0, end: int | None = None) -> str:
        """Return a part of what the process has written to stderr; if it is very long, the end of that part.

        Args:
            start: Offset in bytes of the part.
            end: Offset in bytes behind the part; None means everything so far.
        """
        end = self.stderr_bytes() if end is None else end
        start = max(start, end - LONGEST_STDERR_BYTES)
        with self._stderr_lock:
            # pread, because the file offset is shared with the process.
            return os.pread(self._stderr.fileno(), end - start, start).decode(errors="replace")

    def stderr_bytes(self) -> int:
        """Return how many bytes the process has written to stderr so far."""
        with self._stderr_lock:
            return os.fstat(self._stderr.fileno()).st_size

    def bound_stderr(self) -> None:
        """Discard all but the end of stderr if it takes so much disk space that the disk may fill.

        The process goes on writing at its offset, so the file gets a hole and all offsets stay valid.
        """
        with self._stderr_lock:
            if self._stderr.closed:
                return
            file = self._stderr.fileno()
            status = os.fstat(file)
            if status.st_blocks * 512 > MAX_STDERR_BYTES:
                start = status.st_size - LONGEST_STDERR_BYTES
                tail = os.pread(file, LONGEST_STDERR_BYTES, start)
                os.ftruncate(file, 0)
                os.pwrite(file, tail, start)

    def kill(self) -> None:
        """Kill the process and its children."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._popen.wait()

    def read_line(self, timeout: float) -> str | None:
        """Return the next line of stdout without its line end; None at end of file or if no line came in time.

        Args:
            timeout: Seconds to wait.
        """
        deadline = time.monotonic() + timeout
        with selectors.DefaultSelector() as selector:
            selector.register(self.stdout, selectors.EVENT_READ)
            while b"\n" not in self._unread:
                remaining = deadline - time.monotonic()
                if remaining < 0 or len(self._unread) > LONGEST_LINE_BYTES or not selector.select(remaining):
                    return None
                if not (data := os.read(self.stdout.fileno(), 65536)):
                    return None
                self._unread += data
        line, _, self._unread = self._unread.partition(b"\n")
        return os.fsdecode(line)

    def close(self) -> None:
        """Kill what is left of the child and release its resources."""
        self.kill()
        self._supervisor.forget(self)
        for stream in (self.stdin, self.stdout):
            with contextlib.suppress(BrokenPipeError):
                stream.close()
        with self._stderr_lock:
            self._stderr.close()


class Supervisor:
    """Starts child processes; they end with its ``with`` block, even if this process is killed.

    Attributes:
        directory: Private directory for Unix sockets and temporary files; it is removed with the children.
    """

    directory: Path

    def __enter__(self) -> Self:
        self._children: set[Child] = set()
        self._numbers = itertools.count(1)
        unmarked = {name: value for name, value in os.environ.items() if name != guardian.MARK}
        try:
            self._guardian = subprocess.Popen(
                [sys.executable, "-I", "-S", guardian.__file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,
                env=unmarked,
            )
        except OSError as error:
            raise HarnessError(str(error.strerror), subject="cannot start a process") from None
        assert self._guardian.stdout
        self.directory = Path(os.fsdecode(self._guardian.stdout.readline().rstrip(b"\n")))
        if not self.directory.is_absolute():
            raise HarnessError("cannot create a temporary directory", hint="free disk space or change TMPDIR")
        self._ending = threading.Event()
        self._watch = threading.Thread(target=self._bound_stderr, daemon=True)
        self._watch.start()
        return self

    def new_address(self, family: Family) -> str:
        """Return an address to bind that no one else uses; for TCP it has port 0."""
        number = next(self._numbers)
        return {
            Family.INET: "127.0.0.1:0",
            Family.INET6: "[::1]:0",
            Family.UNIX: f"unix:{self.directory}/{number}",
            Family.ABSTRACT: f"unix:@{self.directory.name}/{number}",
        }[family]

    def __exit__(self, *raised: object) -> None:
        self._ending.set()
        self._watch.join()
        for child in list(self._children):
            child.close()
        self._guardian.communicate()
        if self._guardian.returncode != 0 and self.directory.exists():  # it was killed itself
            shutil.rmtree(self.directory)

    def start(
        self, argv: Sequence[str], cores: Collection[int] = (), *, descriptors: int | None = None, mute: bool = False
    ) -> Child:
        """Start a program.

        Args:
            argv: The program and its arguments.
            cores: Processor cores that it may run on; empty means all of them.
            descriptors: Number of descriptors that it may open; None means as many as this process.
            mute: Whether its stdout leads to ``/dev/null``, because it will not be read.

        Raises:
            HarnessError: No process could be started, or not even this process may open that many descriptors.
        """
        if descriptors:
            expect(descriptors, f"a process that needs {descriptors}")
        stderr = tempfile.TemporaryFile(dir=self.directory)  # noqa: SIM115 (closed with the child)
        try:
            popen = subprocess.Popen(
                ["/bin/sh", "-c", GATE, "upecho-gate", str(descriptors or ""), "mute" if mute else "", *argv],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                bufsize=0,
                start_new_session=True,
                env=os.environ | {guardian.MARK: str(self.directory)},
            )
        except OSError as error:
            stderr.close()
            raise HarnessError(str(error.strerror), subject="cannot start a process") from None
        child = Child(popen, stderr=stderr, supervisor=self)
        self._children.add(child)
        self._tell_guardian(f"+{child.pid}\n")
        if cores:
            os.sched_setaffinity(child.pid, cores)
        child.stdin.write(b"go\n")
        return child

    def forget(self, child: Child) -> None:
        """Remove a child that has ended from the list of those to kill."""
        if child in self._children:
            self._children.remove(child)
            with contextlib.suppress(HarnessError):  # the guardian was killed, and its list with it
                self._tell_guardian(f"-{child.pid}\n")

    def _bound_stderr(self) -> None:
        while not self._ending.wait(POLL_INTERVAL_SECONDS):
            for child in self._children.copy():
                child.bound_stderr()

    def _tell_guardian(self, line: str) -> None:
        assert self._guardian.stdin
        try:
            self._guardian.stdin.write(line.encode())
            self._guardian.stdin.flush()
        except BrokenPipeError:
            raise HarnessError(
                "the guardian process was killed", hint="without it, servers could be left behind"
            ) from None
