"""Counters of the Linux kernel: how often an event has happened in processes, by perf_event_open(2).

Theory of operation
    A counter belongs to one thread and counts what that thread does. If it is inherited, it also counts the threads and
    processes that are started from then on, and keeps their counts when they have ended. So one counter is opened for
    each thread that exists, and the sum covers the processes and all their descendants.

    Hardware has only a few counters. One that is *pinned* is never shared with others by turns, which would make the
    count an estimate; if there is no room for it, reading it fails.

    Not handled: a thread that is created by another thread between the list of threads and the opening of the counters.
"""

import errno
import os
import platform
import struct
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from upecho.processes.linux import procfs
from upecho.support.errors import HarnessError, Unavailable

try:
    import ctypes
except ImportError:  # Python was built without libffi
    ctypes = None  # type: ignore[assignment]

# The number of the system call: asm/unistd.h of each architecture.
SYSTEM_CALLS = {"x86_64": 298, "aarch64": 241, "riscv64": 241, "ppc64le": 319, "s390x": 331}
HARDWARE, SOFTWARE, TRACEPOINT = 0, 1, 2  # perf_type_id in linux/perf_event.h, as for everything below
ATTRIBUTES = "=IIQQQQQIIQ"  # the first published size of perf_event_attr, which every kernel accepts
INHERIT, PINNED, EXCLUDE_KERNEL, EXCLUDE_HYPERVISOR = 1 << 1, 1 << 2, 1 << 5, 1 << 6
ANY_CPU, NO_GROUP, CLOSE_ON_EXEC = -1, -1, 1 << 3
COUNT_BYTES = 8
THIS_THREAD = 0
PARANOID = "sysctl kernel.perf_event_paranoid=2 permits it, and a container needs the capability CAP_PERFMON"


@dataclass(frozen=True)
class Event:
    """Something that the kernel counts.

    Attributes:
        name: Its name in messages.
        kind: HARDWARE, SOFTWARE or TRACEPOINT.
        number: Its number among the events of that kind; the id of a tracepoint is in its directory in tracefs.
        user_only: Whether only what happens in user mode counts.
        pinned: Whether the counter must not be shared by turns; for HARDWARE.
    """

    name: str
    kind: int
    number: int
    user_only: bool = False
    pinned: bool = False


INSTRUCTIONS = Event("instructions", HARDWARE, 1, user_only=True, pinned=True)


class KernelCounters:
    """Counts an event in processes and in all that they start, until it is closed."""

    def __init__(self, event: Event, pids: Iterable[int]) -> None:
        """Begin to count.

        Args:
            event: What to count.
            pids: Ids of the processes.

        Raises:
            Unavailable: The system has no such counter, or forbids it.
        """
        self._event = event
        self._files: list[int] = []
        try:
            for thread in procfs.thread_ids(pids):
                self._open(thread)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def total(self) -> int:
        """Return how often the event has happened since the beginning, also in what has ended.

        Raises:
            HarnessError: Another program uses the counters of the hardware.
        """
        counts = [os.read(file, COUNT_BYTES) for file in self._files]
        if not all(counts):
            raise HarnessError("another program uses it", subject=f"no hardware counter for {self._event.name}")
        return sum(int.from_bytes(count, sys.byteorder) for count in counts)

    def close(self) -> None:
        """Stop counting; nothing happens the second time."""
        while self._files:
            os.close(self._files.pop())

    def _open(self, thread: int) -> None:
        try:
            self._files.append(_open(self._event, thread))
        except ProcessLookupError:  # it has ended since it was listed
            return
        except OSError as error:
            raise _unavailable(self._event, error.errno or 0) from None


def expect_available(event: Event) -> None:
    """Make sure that an event can be counted here.

    Raises:
        Unavailable: The system has no such counter, or forbids it.
    """
    try:
        os.close(_open(event, THIS_THREAD))
    except OSError as error:
        raise _unavailable(event, error.errno or 0) from None


def _open(event: Event, thread: int) -> int:
    """Open the counter of one thread and return its descriptor.

    Raises:
        OSError: The kernel refuses it.
    """
    number = SYSTEM_CALLS.get(platform.machine()) if sys.platform == "linux" and ctypes else None
    if number is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    flags = INHERIT | (PINNED if event.pinned else 0)
    flags |= EXCLUDE_KERNEL | EXCLUDE_HYPERVISOR if event.user_only else 0
    size = struct.calcsize(ATTRIBUTES)
    attributes = ctypes.create_string_buffer(
        struct.pack(ATTRIBUTES, event.kind, size, event.number, 0, 0, 0, flags, 0, 0, 0)
    )
    libc = ctypes.CDLL(None, use_errno=True)
    arguments = [ctypes.c_long(value) for value in (thread, ANY_CPU, NO_GROUP, CLOSE_ON_EXEC)]
    file: int = libc.syscall(ctypes.c_long(number), attributes, *arguments)
    if file < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return file


def _unavailable(event: Event, number: int) -> Unavailable:
    """Return the error for a counter that the kernel refuses."""
    subject = f"the kernel's counter of {event.name}"
    if sys.platform != "linux":
        return Unavailable("only Linux has such counters", subject=subject)
    if number in (errno.EACCES, errno.EPERM):
        return Unavailable("this user may not count that", subject=subject, hint=PARANOID)
    if number in (errno.ENOENT, errno.EOPNOTSUPP, errno.ENODEV):
        return Unavailable("this machine has no such counter, as is usual for virtual machines", subject=subject)
    return Unavailable(os.strerror(number), subject=subject)
