"""What a process and its children use, as Linux tells it from outside. Reads /proc; changes nothing.

A group is a process group, which the children of a process belong to as well; zombies included.
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
UTIME_ON = range(11, 15)  # where utime, stime, cutime and cstime stand in a stat line, behind the name
MACHINE = Path("/proc/stat")
MEMORY = re.compile(rb"^Pss_(?:Anon|Shmem):\s*([0-9]+)", re.MULTILINE)
ACTIVE = re.compile(rb"^State:\s*[RD]", re.MULTILINE)  # on a processor, waiting for one, or for a moment in the kernel
STATUS = re.compile(rb"^(VmHWM|VmRSS|nonvoluntary_ctxt_switches):\s*([0-9]+)", re.MULTILINE)


@dataclass(frozen=True)
class Use:
    """What the processes of a group have used up to now; those that ended have left it, with all they used.

    CPU time is left by those only for which nobody waited: what others had used is their parents' from then on.

    Attributes:
        cpu_ns: CPU time, user and system, of all threads, as ``cpu_ns`` tells it: to the nanosecond. To that comes
            what children had used that were waited for, in whole clock ticks.
        user_ns: its part in programs, in whole clock ticks, and between ticks the system may have guessed.
        system_ns: its part in the kernel, likewise.
        involuntary_switches: how often a thread that is still there lost its processor and had more to do.
        resident_bytes: memory in RAM, as ``resident_bytes`` tells it.
        peak_bytes: the most that each process has had in RAM, summed up.
        tasks: threads; a zombie counts as one.
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

    Its clocks come last and one right after the other: what a server still does behind its last reply belongs to that
    reply, and reading the rest takes milliseconds.
    """
    processes = list(_processes(group))
    told = [_told_by_tasks(pid) for pid, _ in processes]
    resident = [_memory_bytes(pid, instead) for (pid, _), (_, instead, _) in zip(processes, told, strict=True)]
    clocks_ns = _clocks_ns(pid for pid, _ in processes)
    user, system, reaped_user, reaped_system = (sum(int(stat[place]) for _, stat in processes) for place in UTIME_ON)
    return Use(
        cpu_ns=clocks_ns + (reaped_user + reaped_system) * TICK_NS,
        user_ns=(user + reaped_user) * TICK_NS,
        system_ns=(system + reaped_system) * TICK_NS,
        involuntary_switches=sum(switches for switches, _, _ in told),
        resident_bytes=sum(resident),
        peak_bytes=sum(peak for _, _, peak in told),
        tasks=sum(int(stat[17]) for _, stat in processes),
    )


def stolen_ns() -> int:
    """Return for how long, over all cores, a hypervisor ran something else than this machine, which had work to do.

    In whole clock ticks; 0 where the system does not tell.
    """
    try:
        return int(MACHINE.read_bytes().split(maxsplit=9)[8]) * TICK_NS
    except OSError:
        return 0


def members(group: int) -> list[int]:
    """Return the processes of a group."""
    return [pid for pid, _ in _processes(group)]


def living_count(group: int) -> int:
    """Return the number of processes of a group that have not ended; whom a zombie waits for may be slow."""
    return sum(stat[0] not in ("Z", "X") for _, stat in _processes(group))


def cpu_ns(group: int) -> int:
    """Return the CPU time, user and system, of all threads of all processes of a group, in nanoseconds."""
    return _clocks_ns(members(group))


def descriptor_count(group: int) -> int:
    """Return the number of open descriptors of all processes of a group."""
    total = 0
    for pid in members(group):
        try:
            total += len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208 (half the cost of iterdir)
        except OSError:  # it ended since the list was made
            continue
    return total


def task_count(group: int) -> int:
    """Return the number of threads of all processes of a group; a zombie counts as one."""
    return sum(int(stat[17]) for _, stat in _processes(group))


def is_busy(group: int) -> bool:
    """Whether a thread of a group runs, or would run if the system let it."""
    return any(ACTIVE.search(status) for pid in members(group) for status in _statuses(pid))


def resident_bytes(group: int) -> int:
    """Return how much memory the processes of a group have in RAM; what they share counts once.

    Files that they have mapped, such as programs, do not count: whose those are depends on who else runs them.
    """
    return sum(_memory_bytes(pid, int(stat[21]) * PAGE_BYTES) for pid, stat in _processes(group))


def _memory_bytes(pid: int, instead: int) -> int:
    """Return what a process has in RAM, its part of what it shares; ``instead`` where the system does not tell."""
    try:
        told = MEMORY.findall(Path(f"/proc/{pid}/smaps_rollup").read_bytes())
    except OSError:  # it ended since the list was made, or has become somebody else
        return instead
    return sum(map(int, told)) * 1024 if told else instead


def _clocks_ns(pids: Iterable[int]) -> int:
    """Return the sum of the CPU clocks of processes.

    The clock of another process is ``(~pid << 3) | 2``: clock_getcpuclockid(3), linux/posix-timers.h.
    """
    total = 0
    for pid in pids:
        try:
            total += time.clock_gettime_ns((~pid << 3) | 2)
        except OSError:  # it ended since the list was made
            continue
    return total


def _told_by_tasks(pid: int) -> tuple[int, int, int]:
    """Return involuntary switches of all threads of a process, its resident bytes and their peak.

    Each thread counts its own switches, and tells the memory of all, but for a first thread that ended before others.
    """
    switches = resident = peak = 0
    for status in _statuses(pid):
        told = {name: int(number) for name, number in STATUS.findall(status)}
        switches += told.get(b"nonvoluntary_ctxt_switches", 0)
        resident = max(resident, told.get(b"VmRSS", 0) * 1024)
        peak = max(peak, told.get(b"VmHWM", 0) * 1024)
    return switches, resident, peak


def _statuses(pid: int) -> Iterator[bytes]:
    """Yield the status file of each thread of a process: proc(5)."""
    try:
        tasks = os.listdir(f"/proc/{pid}/task")  # noqa: PTH208 (half the cost of iterdir)
    except OSError:  # it ended since the list was made
        return
    for task in tasks:
        try:
            yield Path(f"/proc/{pid}/task/{task}/status").read_bytes()
        except OSError:  # so did this thread
            continue


def _processes(group: int) -> Iterator[tuple[int, list[str]]]:
    """Yield each process of a group with the fields of its stat file, from "state" on: proc(5)."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_bytes().rpartition(b")")[2].decode().split()
        except OSError:  # it ended since the list was made
            continue
        if int(stat[2]) == group:
            yield int(entry.name), stat
