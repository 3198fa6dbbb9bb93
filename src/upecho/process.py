"""Child processes: start, observe, stop, never orphan.

A ``Supervisor`` starts every child through a gate: a shell that waits for a word before it becomes the program. The
word is given once the guardian knows of the child, so there is no moment at which a killed harness leaves one behind.
"""

import contextlib
import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Self

from upecho import deadlines, guardian, observe
from upecho.address import Address
from upecho.errors import CallerError, HarnessError, TargetError
from upecho.serving import Order

GATE = 'read -r go && exec "$@"'
READY_SECONDS = 10.0
STOP_SECONDS = 5.0  # beyond the server's own grace
END_SECONDS = 2.0  # how long a program that has nothing to do may take to end


class Child:
    """A child process, leader of a session and process group of its own."""

    def __init__(self, popen: subprocess.Popen[bytes], stderr: IO[bytes], supervisor: "Supervisor") -> None:
        self._popen = popen
        self._stderr = stderr
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

    def stderr(self) -> str:
        """Return what the process has written to stderr so far."""
        self._stderr.seek(0)
        return self._stderr.read().decode(errors="replace")

    def cpu_ns(self) -> int:
        """Return the CPU time of the process and its children so far, in nanoseconds."""
        return observe.cpu_ns(self.pid)

    def descriptor_count(self) -> int:
        """Return how many descriptors the process and its children have open."""
        return observe.descriptor_count(self.pid)

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
                if not selector.select(max(0.0, deadline - time.monotonic())):
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
        for stream in (self.stdin, self.stdout, self._stderr):
            with contextlib.suppress(BrokenPipeError):
                stream.close()


class Supervisor:
    """Starts children and answers for them: when it ends, however it ends, they are gone.

    Attributes:
        folder: a private folder for Unix sockets; it vanishes with the supervisor.
    """

    folder: Path

    def __enter__(self) -> Self:
        self._children: set[Child] = set()
        self._guardian = subprocess.Popen(
            [sys.executable, "-I", "-S", guardian.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # so that Ctrl-C in a terminal does not reach it
        )
        assert self._guardian.stdout
        self.folder = Path(os.fsdecode(self._guardian.stdout.readline().rstrip(b"\n")))
        if not self.folder.is_absolute():
            raise HarnessError("cannot make a temporary folder; is the disk full?")
        return self

    def __exit__(self, *raised: object) -> None:
        for child in list(self._children):
            child.close()
        self._guardian.communicate()
        if self.folder.exists():  # the guardian was killed
            shutil.rmtree(self.folder)

    def start(self, argv: Sequence[str], cores: Collection[int] = ()) -> Child:
        """Start a program, on the given processor cores only if there are any given.

        Raises:
            HarnessError: no process could be started.
        """
        stderr = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the child)
        try:
            popen = subprocess.Popen(
                ["/bin/sh", "-c", GATE, "upecho-gate", *argv],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                bufsize=0,
                start_new_session=True,
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

    def _tell_guardian(self, line: str) -> None:
        assert self._guardian.stdin
        try:
            self._guardian.stdin.write(line.encode())
            self._guardian.stdin.flush()
        except BrokenPipeError:
            raise HarnessError("the guardian process was killed; nothing would clean up after us") from None


class ServerProcess:
    """A server in a child process of its own, ready to be connected to."""

    def __init__(self, child: Child, address: Address, grace: float) -> None:
        self.child = child
        self.address = address
        self._grace = grace

    def stop(self, number: int = signal.SIGTERM) -> int | None:
        """Tell the server to stop; return its exit status, or None if it had to be killed."""
        self.child.send_signal(number)
        status = self.child.wait(self._grace + deadlines.seconds(STOP_SECONDS))
        self.child.kill()
        return status


def spawn(supervisor: Supervisor, order: Order, cores: Collection[int] = ()) -> Child:
    """Start an implementation as a child process, without waiting for it."""
    # -P: a lesson's own selectors.py in the current folder must not take the place of the standard library's.
    return supervisor.start([sys.executable, "-P", "-m", "upecho.serving", order.to_json()], cores)


def ready_address(child: Child) -> Address | None:
    """Wait for the ready line; return the address on it, or None if the child ended or said nothing in time."""
    line = child.read_line(deadlines.seconds(READY_SECONDS))
    return None if line is None else Address.parse(line.partition(" on ")[2])


def start_server(supervisor: Supervisor, order: Order, cores: Collection[int] = ()) -> ServerProcess:
    """Start an implementation and wait until it is ready.

    Raises:
        CallerError: it refused the order; the text is its own line.
        TargetError: it ended, or said nothing, before it was ready.
    """
    child = spawn(supervisor, order, cores)
    if (address := ready_address(child)) is not None:
        return ServerProcess(child, address, order.settings.grace)
    status = child.wait(deadlines.seconds(END_SECONDS))
    said = child.stderr().strip().removeprefix("upecho: ")
    child.close()
    if status == CallerError.exit_status:
        raise CallerError(said)
    how = "did not become ready" if status is None else f"ended with status {status} before it was ready"
    raise TargetError(f"{order.target} {how}: {said.splitlines()[-1] if said else 'no word on stderr'}")


@contextmanager
def running(supervisor: Supervisor, order: Order, cores: Collection[int] = ()) -> Iterator[ServerProcess]:
    """Start a server, yield it, stop it."""
    server = start_server(supervisor, order, cores)
    try:
        yield server
        if server.child.is_alive():
            server.stop()
    finally:
        server.child.close()
