"""Child processes: start, observe, stop, never orphan.

A ``Supervisor`` starts every child through a gate: a shell that waits for a word before it becomes the program. The
word is given once the guardian knows of the child, so there is no moment at which a killed harness leaves one behind.
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

LONGEST_LINE = 1 << 24  # in bytes; a load engine's result is far shorter
LONGEST_STDERR = 1 << 16
MOST_STDERR = 1 << 24  # that is kept on the disk
POLL_INTERVAL_SECONDS = 0.2  # between two looks at how much it is
GATE = 'read -r go && { [ -z "$1" ] || ulimit -n "$1"; } && { [ -z "$2" ] || exec >/dev/null; } && shift 2 && exec "$@"'


class Child:
    """A child process, leader of a session and process group of its own."""

    def __init__(self, popen: subprocess.Popen[bytes], stderr: IO[bytes], supervisor: "Supervisor") -> None:
        self._popen = popen
        self._stderr = stderr
        self._stderr_lock = threading.Lock()  # held while some of it is thrown away
        self._supervisor = supervisor
        self.pid = popen.pid
        assert popen.stdin
        assert popen.stdout
        self.stdin: IO[bytes] = popen.stdin
        self.stdout: IO[bytes] = popen.stdout
        self._unread = b""  # arrived on stdout, but no line yet

    def is_alive(self) -> bool:
        """Whether the process itself still runs."""
        return self._popen.poll() is None

    def send_signal(self, number: int) -> None:
        """Send a signal to the process itself, not to its children."""
        self._popen.send_signal(number)

    def wait(self, seconds: float) -> int | None:
        """Return the exit status (negative: the signal that ended it), or None if it still runs after ``seconds``."""
        try:
            return self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def stderr(self, start: int = 0, end: int | None = None) -> str:
        """Return what the process has written to stderr, from one count of bytes to another; of very much the end."""
        end = self.stderr_bytes() if end is None else end
        start = max(start, end - LONGEST_STDERR)
        with self._stderr_lock:
            # The offset is shared with the process, so it must not be moved.
            return os.pread(self._stderr.fileno(), end - start, start).decode(errors="replace")

    def stderr_bytes(self) -> int:
        """Return how many bytes the process has written to stderr so far."""
        with self._stderr_lock:
            return os.fstat(self._stderr.fileno()).st_size

    def bound_stderr(self) -> None:
        """Throw away all but the end of what the process has written to stderr if that is so much that disks fill.

        It goes on to write where it was, so the file has a hole instead, and counts of bytes stay what they were.
        """
        with self._stderr_lock:
            if self._stderr.closed:
                return
            file = self._stderr.fileno()
            about = os.fstat(file)
            if about.st_blocks * 512 > MOST_STDERR:
                start = about.st_size - LONGEST_STDERR
                tail = os.pread(file, LONGEST_STDERR, start)
                os.ftruncate(file, 0)
                os.pwrite(file, tail, start)

    def kill(self) -> None:
        """Kill the process and all its children, now."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._popen.wait()

    def read_line(self, seconds: float) -> str | None:
        """Return the next line on its stdout without the line end, or None if none came in time."""
        deadline = time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(self.stdout, selectors.EVENT_READ)
            while b"\n" not in self._unread:
                remaining = deadline - time.monotonic()
                if remaining < 0 or len(self._unread) > LONGEST_LINE or not selector.select(remaining):
                    return None
                if not (data := os.read(self.stdout.fileno(), 65536)):
                    return None
                self._unread += data
        line, _, self._unread = self._unread.partition(b"\n")
        return os.fsdecode(line)

    def close(self) -> None:
        """Kill what is left and forget the child."""
        self.kill()
        self._supervisor.forget(self)
        for stream in (self.stdin, self.stdout):
            with contextlib.suppress(BrokenPipeError):
                stream.close()
        with self._stderr_lock:
            self._stderr.close()


class Supervisor:
    """Starts children and answers for them: when it ends, however it ends, they are gone.

    Attributes:
        directory: a private directory for Unix sockets and temporary files; it vanishes with the supervisor.
    """

    directory: Path

    def __enter__(self) -> Self:
        self._children: set[Child] = set()
        self._numbers = itertools.count(1)
        plain = {name: value for name, value in os.environ.items() if name != guardian.MARK}
        try:
            self._guardian = subprocess.Popen(
                [sys.executable, "-I", "-S", guardian.__file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,
                env=plain,
            )
        except OSError as error:
            raise HarnessError(f"cannot start a process: {error.strerror}") from None
        assert self._guardian.stdout
        self.directory = Path(os.fsdecode(self._guardian.stdout.readline().rstrip(b"\n")))
        if not self.directory.is_absolute():
            raise HarnessError("cannot make a temporary directory; is the disk full, or TMPDIR wrong?")
        self._ending = threading.Event()
        self._watch = threading.Thread(target=self._bound_stderr, daemon=True)
        self._watch.start()
        return self

    def new_address(self, family: Family) -> str:
        """Return an address to bind, of which nobody else knows; with TCP that is port 0."""
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
        if self._guardian.returncode != 0 and self.directory.exists():  # it was killed
            shutil.rmtree(self.directory)

    def start(
        self, argv: Sequence[str], cores: Collection[int] = (), descriptors: int | None = None, *, mute: bool = False
    ) -> Child:
        """Start a program, on the given processor cores only if there are any given.

        ``descriptors`` is how many it may open at most; by default as many as its harness. ``mute`` is for a program
        whose stdout nobody is going to read: it leads nowhere.

        Raises:
            HarnessError: no process could be started, or this one may not open so many descriptors itself.
        """
        if descriptors:
            expect(descriptors, f"a process that shall have {descriptors}")
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
            raise HarnessError(f"cannot start a process: {error.strerror}") from None
        child = Child(popen, stderr, self)
        self._children.add(child)
        self._tell_guardian(f"+{child.pid}\n")
        if cores:
            os.sched_setaffinity(child.pid, cores)
        child.stdin.write(b"go\n")
        return child

    def forget(self, child: Child) -> None:
        """Take a child that has ended off the list."""
        if child in self._children:
            self._children.remove(child)
            with contextlib.suppress(HarnessError):  # a guardian that was killed has nothing to forget
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
            raise HarnessError("the guardian process was killed; nothing would clean up after us") from None
