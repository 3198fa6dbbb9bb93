"""What a process and its children use, as Linux shows it from outside. Reads /proc and changes nothing.

Every function takes a process group, which the children of a process belong to as well. Zombies are members too.
"""

import os
import re
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

AVAILABLE = sys.platform == "linux"
PAGE_BYTES = os.sysconf("SC_PAGESIZE")
TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
CPU_FIELDS = range(11, 15)  # positions of utime, stime, cutime and cstime in a stat line, counted from "state"
MACHINE = Path("/proc/stat")
MEMORY = re.compile(rb"^Pss_(?:Anon|Shmem):\s*([0-9]+)", re.MULTILINE)
ACTIVE = re.compile(rb"^State:\s*[RD]", re.MULTILINE)  # running, ready to run, or briefly asleep in the kernel
STOPPED = re.compile(rb"^State:\s*[TZX]", re.MULTILINE)  # stopped by a signal, or ended
HANDLED = re.compile(rb"^Sig(?:Blk|Cgt):\s*([0-9a-f]+)", re.MULTILINE)  # blocked or caught
BLOCKED = re.compile(rb"^SigBlk:\s*([0-9a-f]+)", re.MULTILINE)
STATUS = re.compile(rb"^(VmHWM|VmRSS|nonvoluntary_ctxt_switches):\s*([0-9]+)", re.MULTILINE)


@dataclass(frozen=True)
class Use:
    """What the processes of a group have used so far.

    A process that has ended is no longer in the group, and what it used is missing, except that the CPU time of a child
    counts for its parent once the parent has waited for it.

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
    """

    cpu_ns: int
    user_ns: int
    system_ns: int
    involuntary_switches: int
    resident_bytes: int
    peak_bytes: int
    tasks: int


def use(group: int) -> Use:
    """Return what a group has used.

    The CPU clocks are read last and in quick succession. Reading the rest takes milliseconds, and what a server still
    does after its last reply belongs to that reply.
    """
    processes = list(_processes(group))
    statuses = [_read_statuses(pid) for pid, _ in processes]
    resident = [_memory_bytes(pid, default) for (pid, _), (_, default, _) in zip(processes, statuses, strict=True)]
    clocks_ns = _clocks_ns(pid for pid, _ in processes)
    user, system, reaped_user, reaped_system = (sum(int(stat[place]) for _, stat in processes) for place in CPU_FIELDS)
    return Use(
        cpu_ns=clocks_ns + (reaped_user + reaped_system) * TICK_NS,
        user_ns=(user + reaped_user) * TICK_NS,
        system_ns=(system + reaped_system) * TICK_NS,
        involuntary_switches=sum(switches for switches, _, _ in statuses),
        resident_bytes=sum(resident),
        peak_bytes=sum(peak for _, _, peak in statuses),
        tasks=sum(int(stat[17]) for _, stat in processes),
    )


def stolen_ns() -> int:
    """Return the time, summed over all cores, during which a hypervisor kept this machine from running its work.

    It has the resolution of a clock tick, and is 0 where the system does not show it.
    """
    try:
        return int(MACHINE.read_bytes().split(maxsplit=9)[8]) * TICK_NS
    except OSError:
        return 0


def members(group: int) -> list[int]:
    """Return the process ids of a group."""
    return [pid for pid, _ in _processes(group)]


def living_count(group: int) -> int:
    """Return the number of processes of a group that have not ended; a zombie has, even if its parent never waits."""
    return sum(stat[0] not in ("Z", "X") for _, stat in _processes(group))


def cpu_ns(group: int) -> int:
    """Return the CPU time of a group in nanoseconds: user and system, all threads of all processes."""
    return _clocks_ns(members(group))


def descriptor_count(group: int) -> int:
    """Return the number of open descriptors of all processes of a group."""
    total = 0
    for pid in members(group):
        try:
            total += len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208 (half the cost of iterdir)
        except OSError:  # it has ended since it was listed
            continue
    return total


def task_count(group: int) -> int:
    """Return the number of threads of all processes of a group; a zombie counts as one."""
    return sum(int(stat[17]) for _, stat in _processes(group))


def is_busy(group: int) -> bool:
    """Whether a thread of a group is running or ready to run."""
    return any(ACTIVE.search(status) for pid in members(group) for status in _statuses(pid))


def is_stopped(group: int) -> bool:
    """Whether every thread of a group is stopped by a signal or has ended."""
    return all(STOPPED.search(status) for pid in members(group) for status in _statuses(pid))


def handles(pid: int, number: int) -> bool | None:
    """Whether a process catches a signal, or blocks it and reads it in another way; None if that cannot be seen."""
    try:
        masks = HANDLED.findall(Path(f"/proc/{pid}/status").read_bytes())
    except OSError:
        return None
    return any(_contains(mask, number) for mask in masks) if masks else None


def threads_open_to(pid: int, number: int) -> list[int]:
    """Return the ids of the threads of a process, other than its main thread, that do not block a signal."""
    open_to = []
    for task in sorted(map(int, os.listdir(f"/proc/{pid}/task"))):  # noqa: PTH208 (half the cost of iterdir)
        try:
            masks = BLOCKED.findall(Path(f"/proc/{pid}/task/{task}/status").read_bytes())
        except OSError:  # the thread has ended since it was listed
            continue
        if task != pid and masks and not _contains(masks[0], number):
            open_to.append(task)
    return open_to


def _contains(mask: bytes, number: int) -> bool:
    """Whether a set of signals, as proc(5) shows it, contains one."""
    return bool(int(mask, 16) >> (number - 1) & 1)


def resident_bytes(group: int) -> int:
    """Return the memory in bytes that the processes of a group have in RAM; what they share counts once.

    Mapped files, such as programs, do not count, because their share depends on what else runs on the machine.
    """
    return sum(_memory_bytes(pid, int(stat[21]) * PAGE_BYTES) for pid, stat in _processes(group))


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


def _read_statuses(pid: int) -> tuple[int, int, int]:
    """Return the involuntary switches of all threads of a process, its resident bytes, and its peak in bytes.

    Every thread counts its own switches. Every thread shows the memory of the whole process, except a main thread that
    ended before the others; hence the maximum.
    """
    switches = resident = peak = 0
    for status in _statuses(pid):
        fields = {name: int(number) for name, number in STATUS.findall(status)}
        switches += fields.get(b"nonvoluntary_ctxt_switches", 0)
        resident = max(resident, fields.get(b"VmRSS", 0) * 1024)
        peak = max(peak, fields.get(b"VmHWM", 0) * 1024)
    return switches, resident, peak


def _statuses(pid: int) -> Iterator[bytes]:
    """Yield the contents of the status file of each thread of a process: proc(5)."""
    try:
        tasks = os.listdir(f"/proc/{pid}/task")  # noqa: PTH208 (half the cost of iterdir)
    except OSError:  # it has ended since it was listed
        return
    for task in tasks:
        try:
            yield Path(f"/proc/{pid}/task/{task}/status").read_bytes()
        except OSError:  # the thread has ended since it was listed
            continue


def _processes(group: int) -> Iterator[tuple[int, list[str]]]:
    """Yield each process of a group with the fields of its stat file, starting with "state": proc(5)."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_bytes().rpartition(b")")[2].decode().split()
        except OSError:  # it has ended since it was listed
            continue
        if int(stat[2]) == group:
            yield int(entry.name), stat
