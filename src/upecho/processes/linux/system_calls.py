"""Counts the system calls of processes: with a counter of the kernel, or else with strace.

The counter needs a number that the file system tracefs shows, and the permission to count; it slows down each system
call a little. strace needs the permission to trace the processes, and makes each system call take many times as long.
It leaves out calls of futex(2), because threads that it holds up wait for each other far more often. Both include
threads and processes that start or end meanwhile. The processes should be idle when counting begins and ends.

strace interrupts what a thread waits for once, so a program has to continue after EINTR, as Python does by itself.
"""

import contextlib
import enum
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from upecho.processes.ending import ended
from upecho.processes.linux import procfs
from upecho.processes.linux.kernel_counters import TRACEPOINT, Event, KernelCounters, expect_available
from upecho.support import timeouts
from upecho.support.errors import Unavailable

TRACEFS = (Path("/sys/kernel/tracing"), Path("/sys/kernel/debug/tracing"))
ENTRY = Path("events/raw_syscalls/sys_enter/id")
STRACE = "strace"
# While strace holds up a thread, others wait for the lock that it has and wake each other up, which they rarely do
# otherwise.
UNDISTORTED = "trace=!futex"
SUBJECT = "counting system calls"
WAIT_SECONDS, POLL_SECONDS = 10.0, 0.001
TOTAL = re.compile(rb"^\s*([0-9]+)\s+total$", re.MULTILINE)


class Method(enum.StrEnum):
    """How system calls are counted."""

    COUNTER = "counter"
    STRACE = "strace"


def method() -> Method:
    """Return the best method that works here.

    Raises:
        Unavailable: Neither does; the message says why.
    """
    procfs.expect_available(SUBJECT)
    try:
        expect_available(_entries())
    except Unavailable as error:
        reason = error.detail
    else:
        return Method.COUNTER
    if not shutil.which(STRACE):
        raise Unavailable(f"the kernel's counter cannot be used ({reason})", subject=SUBJECT, hint=f"install {STRACE}")
    try:
        _try_strace()
    except Unavailable as error:
        raise Unavailable(f"the kernel's counter: {reason}; strace: {error.reason}", subject=SUBJECT) from None
    return Method.STRACE


def begin(method: Method, pids: Sequence[int]) -> Callable[[], int | None]:
    """Begin to count the system calls of processes and of everything that they start.

    Args:
        method: How to count.
        pids: Ids of the processes.

    Returns:
        A function to call once, which ends counting and returns the count; None if the method failed.

    Raises:
        Unavailable: The method does not work for these processes.
    """
    return _with_counter(pids) if method is Method.COUNTER else _with_strace(pids)


def _entries() -> Event:
    """Return the event that a thread enters a system call."""
    for directory in TRACEFS:
        with contextlib.suppress(OSError, ValueError):
            return Event("system calls", TRACEPOINT, int((directory / ENTRY).read_text()))
    hint = f"root can mount it: mount -t tracefs nodev {TRACEFS[0]}"
    raise Unavailable("tracefs is not mounted, or not readable", subject=SUBJECT, hint=hint)


def _with_counter(pids: Sequence[int]) -> Callable[[], int]:
    counters = KernelCounters(_entries(), pids)

    def end() -> int:
        with counters:
            return counters.total()

    return end


def _with_strace(pids: Sequence[int]) -> Callable[[], int | None]:
    tracer = _Tracer(pids)
    try:
        tracer.await_attached()
    except Unavailable:
        tracer.end()
        raise
    return tracer.end


class _Tracer:
    """A process of strace that counts the system calls of other processes."""

    def __init__(self, pids: Sequence[int]) -> None:
        self._pids = pids
        self._summary = tempfile.TemporaryFile()  # noqa: SIM115 (end closes both)
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115
        traced = [word for pid in pids for word in ("-p", str(pid))]
        # -qq: no message about each thread; the file of the summary is inherited, so nothing has to be removed later
        output = f"/dev/fd/{self._summary.fileno()}"
        command = [STRACE, "-f", "-c", "-qq", "-e", UNDISTORTED, "-U", "calls,name", "-o", output, *traced]
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
                pass_fds=[self._summary.fileno()],
            )
        except OSError as error:
            self._summary.close()
            self._errors.close()
            raise Unavailable(f"cannot start {STRACE}: {error.strerror}", subject=SUBJECT) from None

    def await_attached(self) -> None:
        """Wait until all threads are traced.

        Raises:
            Unavailable: strace does not trace them.
        """
        deadline = time.monotonic() + timeouts.scaled(WAIT_SECONDS)
        while procfs.tracers(self._pids) != {self._process.pid}:
            if self._process.poll() is not None:
                raise Unavailable(self._complaint(), subject=SUBJECT)
            if time.monotonic() > deadline:
                raise Unavailable("it does not attach to all threads", subject=SUBJECT)
            time.sleep(POLL_SECONDS)

    def end(self) -> int | None:
        """Let the processes go, and return the number of their system calls; None if strace does not tell."""
        with self._summary, self._errors:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(timeouts.scaled(WAIT_SECONDS))
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._summary.seek(0)
            found = TOTAL.search(self._summary.read())
        if found:
            return int(found[1])
        return 0 if self._process.returncode == -signal.SIGINT else None  # it writes nothing about no calls

    def _complaint(self) -> str:
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return lines[-1].removeprefix(f"{STRACE}: ") if lines else ended(self._process.returncode)


def _try_strace() -> None:
    """Trace a process that does nothing.

    Raises:
        Unavailable: strace may not do that.
    """
    idle = [sys.executable, "-I", "-S", "-c", "import sys; sys.stdin.read()"]
    with subprocess.Popen(idle, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        try:
            _with_strace([process.pid])()
        finally:
            process.stdin.close()  # type: ignore[union-attr]
