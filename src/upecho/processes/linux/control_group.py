"""The CPU time and the processes of a control group, in versions 1 and 2 of control groups.

A group also counts the CPU time of processes that have ended, whichever process was their parent: cpu.stat in version 2
(Documentation/admin-guide/cgroup-v2.rst in the Linux source), and cpuacct.usage and cpuacct.stat in version 1
(Documentation/admin-guide/cgroup-v1/cpuacct.rst). Groups below it count for it.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
PLACES = ("", "cpuacct", "cpu,cpuacct", "unified")  # of a hierarchy that counts CPU time, below the usual root
VERSION_2, VERSION_1, VERSION_1_PARTS = "cpu.stat", "cpuacct.usage", "cpuacct.stat"
PROCESSES = "cgroup.procs"
TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class GroupTime:
    """The CPU time that a control group has used.

    Attributes:
        cpu_ns: User and system time in nanoseconds.
        user_ns: The part of it spent in programs, in nanoseconds.
        system_ns: The part of it spent in the kernel, in nanoseconds.
    """

    cpu_ns: int
    user_ns: int
    system_ns: int


def find(path: str) -> Path | None:
    """Return the directory of a control group that counts CPU time; None if there is no such group.

    Args:
        path: An absolute path, or one below the usual root, such as ``system.slice/my.service``.
    """
    candidates = (ROOT / place / path.lstrip("/") for place in PLACES)
    return next((one for one in (Path(path), *candidates) if one.is_absolute() and _counts(one)), None)


def time_used(group: Path) -> GroupTime:
    """Return the CPU time that a group has used.

    Raises:
        OSError: The group does not exist any more.
    """
    if (group / VERSION_1).exists():
        parts = _fields(group / VERSION_1_PARTS)
        return GroupTime(int((group / VERSION_1).read_text()), parts["user"] * TICK_NS, parts["system"] * TICK_NS)
    counts = _fields(group / VERSION_2)
    return GroupTime(counts["usage_usec"] * 1000, counts["user_usec"] * 1000, counts["system_usec"] * 1000)


def members(group: Path) -> list[int]:
    """Return the ids of the processes in a group and in the groups below it; none if it does not exist any more."""
    return [pid for file in _process_files(group) for pid in _pids(file)]


def _counts(directory: Path) -> bool:
    """Whether a directory is a control group that counts CPU time."""
    try:
        time_used(directory)
    except (OSError, KeyError, ValueError):
        return False
    return (directory / PROCESSES).exists()


def _process_files(group: Path) -> Iterator[Path]:
    yield from (Path(directory) / PROCESSES for directory, _, _ in os.walk(group))


def _pids(file: Path) -> list[int]:
    try:
        return [int(line) for line in file.read_text().split()]
    except OSError:  # the group has been removed, or has threads and no processes
        return []


def _fields(file: Path) -> dict[str, int]:
    """Return the numbers in a file that has a name and a number on each line."""
    return {name: int(number) for name, number in (line.split() for line in file.read_text().splitlines())}
