"""What a process and its descendants use, as Linux shows it from outside. Reads /proc and changes nothing.

Every function takes the id of a process and counts that process and everything that descends from it, whatever its
process group, session and user. Zombies count too. The processes of a guardian do not, so ``Child.tree`` is an id that
covers a child and nothing else, even if the child has left processes without a parent.
"""

import contextlib
import os
import re
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from upecho.processes.linux import process_tree
from upecho.processes.linux.process_tree import Stat, descendants
from upecho.support.errors import Unavailable

AVAILABLE = process_tree.AVAILABLE
PAGE_BYTES = os.sysconf("SC_PAGESIZE")
TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
CPU_FIELDS = range(11, 13)  # positions of utime and stime in a stat line, counted from "state"
REAPED_FIELDS = range(13, 15)  # those of cutime and cstime
MACHINE = Path("/proc/stat")
STARTED = re.compile(rb"^processes ([0-9]+)", re.MULTILINE)
MEMORY = re.compile(rb"^Pss_(?:Anon|Shmem):\s*([0-9]+)", re.MULTILINE)
ACTIVE = re.compile(rb"^State:\s*[RD]", re.MULTILINE)  # running, ready to run, or briefly asleep in the kernel
STOPPED = re.compile(rb"^State:\s*[TZX]", re.MULTILINE)  # stopped by a signal, or ended
STATUS = re.compile(rb"^(VmHWM|VmRSS|(?:non)?voluntary_ctxt_switches):\s*([0-9]+)", re.MULTILINE)
TRACER = re.compile(rb"^TracerPid:\s*([0-9]+)", re.MULTILINE)


@dataclass(frozen=True)
class Use:
    """What a process and its descendants have used so far.

    What a process used that has ended is missing, except that the CPU time of a child counts for its parent once the
    parent has waited for it. The parent may be a keeper, which waits for orphans (``upecho.processes.keeper``).

    Attributes:
        cpu_ns: CPU time in nanoseconds, user and system, of all threads. It is exact, except that children which were
            waited for count in whole clock ticks.
        user_ns: The part of it spent in programs, in nanoseconds. It has the resolution of a clock tick, and the system
            may have guessed it between ticks.
        system_ns: The part of it spent in the kernel, in nanoseconds, with the same reservation.
        involuntary_switches: Number of times that a thread which still exists lost its processor before it was done.
        resident_bytes: Memory in RAM, in bytes, as ``resident_bytes`` counts it.
        peak_bytes: Sum of the greatest amounts of memory, in bytes, that each process has had in RAM.
        tasks: Number of threads; a zombie counts as one.
        voluntary_switches: Number of times that a thread which still exists gave up its processor in order to wait.
        ended_ns: CPU time in nanoseconds of threads that have ended and of children that were waited for; None if the
            system does not show the time of each thread. Their switches are not known.
        processes: Ids of the processes.
    """

    cpu_ns: int
    user_ns: int
    system_ns: int
    involuntary_switches: int
    resident_bytes: int
    peak_bytes: int
    tasks: int
    voluntary_switches: int = 0
    ended_ns: int | None = 0
    processes: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Threads:
    """What the threads of a process show that still exist.

    Attributes:
        voluntary_switches: Number of times that they gave up their processor in order to wait.
        involuntary_switches: Number of times that they lost it before they were done.
        resident_bytes: Memory of the process in RAM, in bytes.
        peak_bytes: The most that it has been, in bytes.
    """

    voluntary_switches: int
    involuntary_switches: int
    resident_bytes: int
    peak_bytes: int


def expect_available(subject: str) -> None:
    """Make sure that this system shows processes.

    Args:
        subject: What needs that, for the error message.

    Raises:
        Unavailable: It does not.
    """
    if not AVAILABLE:
        raise Unavailable("it takes Linux with a mounted /proc", subject=subject)


def use(root: int) -> Use:
    """Return what a process and its descendants have used."""
    return use_of(*process_tree.below([root]))


def use_of(stats: Mapping[int, Stat], guardians: Mapping[int, Stat]) -> Use:
    """Return what processes have used.

    The CPU clocks are read last and in quick succession. Reading the rest takes milliseconds, and what a server still
    does after its last reply belongs to that reply.

    Args:
        stats: Fields of the stat file of each process, by process id.
        guardians: The same of the guardian's processes above them. They do not count, but what they waited for does.
    """
    threads = [_of_threads(pid) for pid in stats]
    resident = [_memory_bytes(pid, one.resident_bytes) for pid, one in zip(stats, threads, strict=True)]
    running_ns = _running_ns(stats)
    clocks_ns = _clocks_ns(stats)
    everything = [*stats.values(), *guardians.values()]
    user, system = (sum(int(stat[place]) for stat in stats.values()) for place in CPU_FIELDS)
    reaped_user, reaped_system = (sum(int(stat[place]) for stat in everything) for place in REAPED_FIELDS)
    reaped_ns = (reaped_user + reaped_system) * TICK_NS
    return Use(
        cpu_ns=clocks_ns + reaped_ns,
        user_ns=(user + reaped_user) * TICK_NS,
        system_ns=(system + reaped_system) * TICK_NS,
        involuntary_switches=sum(one.involuntary_switches for one in threads),
        resident_bytes=sum(resident),
        peak_bytes=sum(one.peak_bytes for one in threads),
        tasks=sum(int(stat[17]) for stat in stats.values()),
        voluntary_switches=sum(one.voluntary_switches for one in threads),
        ended_ns=None if running_ns is None else clocks_ns - running_ns + reaped_ns,
        processes=frozenset(stats),
    )


def stolen_ns() -> int:
    """Return the time, summed over all cores, during which a hypervisor kept this machine from running its work.

    It has the resolution of a clock tick, and is 0 where the system does not show it.
    """
    try:
        return int(MACHINE.read_bytes().split(maxsplit=9)[8]) * TICK_NS
    except OSError:
        return 0


def started_count() -> int:
    """Return how many processes and threads this machine has started; 0 where the system does not show it."""
    try:
        found = STARTED.search(MACHINE.read_bytes())
    except OSError:
        return 0
    return int(found[1]) if found else 0


def shows(pid: int) -> bool:
    """Whether the system shows a process; it does not if the process has ended or is hidden: hidepid in proc(5)."""
    return os.access(f"/proc/{pid}/stat", os.R_OK)


def members(root: int) -> list[int]:
    """Return the process ids."""
    return [pid for pid, _ in _processes(root)]


def living_count(root: int) -> int:
    """Return the number of processes that have not ended; a zombie has, even if its parent never waits."""
    return sum(stat[0] not in ("Z", "X") for _, stat in _processes(root))


def cpu_ns(root: int) -> int:
    """Return the CPU time in nanoseconds: user and system, all threads of all processes."""
    return _clocks_ns(members(root))


def descriptor_count(root: int) -> int | None:
    """Return the number of open descriptors of all processes; None if one belongs to a user who does not show them."""
    total = 0
    for pid in members(root):
        try:
            total += len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208 (half the cost of iterdir)
        except PermissionError:
            return None
        except OSError:  # it has ended since it was listed
            continue
    return total


def task_count(root: int) -> int:
    """Return the number of threads of all processes; a zombie counts as one."""
    return sum(thread_counts(root))


def thread_counts(root: int) -> list[int]:
    """Return the number of threads of each process; a zombie has one."""
    return [int(stat[17]) for _, stat in _processes(root)]


def cores(pids: Iterable[int]) -> set[int]:
    """Return the numbers of the processor cores that at least one thread of some processes may run on."""
    found: set[int] = set()
    if sys.platform != "linux":
        return found
    for pid in pids:
        for thread in thread_ids([pid]):
            with contextlib.suppress(OSError):  # it has ended since it was listed
                found |= os.sched_getaffinity(thread)
    return found


def is_busy(root: int) -> bool:
    """Whether a thread is running or ready to run."""
    return any(ACTIVE.search(status) for pid in members(root) for status in _statuses(pid))


def is_stopped(root: int) -> bool:
    """Whether every thread is stopped by a signal or has ended."""
    return all(STOPPED.search(status) for pid in members(root) for status in _statuses(pid))


def thread_ids(pids: Iterable[int]) -> Iterator[int]:
    """Yield the ids of all threads of processes."""
    for pid in pids:
        with contextlib.suppress(OSError):  # it has ended since it was listed
            yield from map(int, os.listdir(f"/proc/{pid}/task"))  # noqa: PTH208 (half the cost of iterdir)


def tracers(pids: Iterable[int]) -> set[int]:
    """Return the ids of the processes that trace threads of processes; 0 stands for threads that nobody traces."""
    return {int(number) for pid in pids for status in _statuses(pid) for number in TRACER.findall(status)}


def resident_bytes(root: int) -> int:
    """Return the memory in bytes that the processes have in RAM; what they share counts once.

    Mapped files, such as programs, do not count, because their share depends on what else runs on the machine.
    """
    return sum(_memory_bytes(pid, int(stat[21]) * PAGE_BYTES) for pid, stat in _processes(root))


def _memory_bytes(pid: int, default: int) -> int:
    """Return the memory of a process in RAM, with its share of shared memory; ``default`` if that is not shown."""
    try:
        found = MEMORY.findall(Path(f"/proc/{pid}/smaps_rollup").read_bytes())
    except OSError:  # it has ended since it was listed, or changed its user
        return default
    return sum(map(int, found)) * 1024 if found else default


def _clocks_ns(pids: Iterable[int]) -> int:
    """Return the sum of the CPU clocks of processes.

    The clock of another process has the id ``(~pid << 3) | 2``: clock_getcpuclockid(3), linux/posix-timers.h.
    """
    total = 0
    for pid in pids:
        try:
            total += time.clock_gettime_ns((~pid << 3) | 2)
        except OSError:  # it has ended since it was listed
            continue
    return total


def _running_ns(pids: Iterable[int]) -> int | None:
    """Return the CPU time of all threads of processes that still exist; None if the system does not show it.

    It is the first number in the file schedstat of each thread: Documentation/scheduler/sched-stats.rst in the Linux
    source.
    """
    times = [content.split() for pid in pids for content in _files_of_threads(pid, "schedstat")]
    return sum(int(fields[0]) for fields in times) if times and all(times) else None


def _of_threads(pid: int) -> Threads:
    """Return what the threads of a process show.

    Every thread counts its own switches. Every thread shows the memory of the whole process, except a main thread that
    ended before the others; hence the maximum.
    """
    found = [{name: int(number) for name, number in STATUS.findall(status)} for status in _statuses(pid)]
    return Threads(
        voluntary_switches=sum(fields.get(b"voluntary_ctxt_switches", 0) for fields in found),
        involuntary_switches=sum(fields.get(b"nonvoluntary_ctxt_switches", 0) for fields in found),
        resident_bytes=max((fields.get(b"VmRSS", 0) for fields in found), default=0) * 1024,
        peak_bytes=max((fields.get(b"VmHWM", 0) for fields in found), default=0) * 1024,
    )


def _statuses(pid: int) -> Iterator[bytes]:
    """Yield the contents of the status file of each thread of a process: proc(5)."""
    return _files_of_threads(pid, "status")


def _files_of_threads(pid: int, name: str) -> Iterator[bytes]:
    """Yield the contents of a file of each thread of a process."""
    for thread in thread_ids([pid]):
        try:
            yield Path(f"/proc/{pid}/task/{thread}/{name}").read_bytes()
        except OSError:  # the thread has ended since it was listed
            continue


def _processes(root: int) -> Iterator[tuple[int, Stat]]:
    """Yield each process with the fields of its stat file, starting with "state": proc(5)."""
    yield from descendants(root).items()
