"""The processes that descend from one process, as Linux shows them in /proc.

The guardian uses this module too, so it imports next to nothing.
"""

import os
import sys
from collections.abc import Iterable
from typing import NamedTuple

GUARDIAN = "upecho-guardian"  # the name of a guardian's processes; the kernel keeps 15 bytes of a name
LONGEST_STAT_BYTES = 4096
AVAILABLE = sys.platform == "linux" and os.path.exists("/proc/self/stat")  # noqa: PTH110 (pathlib imports much)

Stat = list[str]  # the fields of a stat file, starting with "state": proc(5)
NamedStat = tuple[str, Stat]  # with the name of the process before them


class Listed(NamedTuple):
    """The processes of a tree.

    Attributes:
        processes: Fields of the stat file of each process, by process id.
        guardians: The same of processes that bear the name of a guardian; they are no part of what they have started.
    """

    processes: dict[int, Stat]
    guardians: dict[int, Stat]


def below(roots: Iterable[int]) -> Listed:
    """Return processes and everything that descends from them, zombies included, each once.

    The result is empty where the system does not show processes.
    """
    stats = dict(_stats())
    children: dict[int, list[int]] = {}
    for pid, (_, stat) in stats.items():
        children.setdefault(int(stat[1]), []).append(pid)
    found = dict.fromkeys(pid for pid in roots if pid in stats)
    pending = list(found)
    for pid in pending:  # it grows
        new = [child for child in children.get(pid, ()) if child not in found]
        found |= dict.fromkeys(new)
        pending += new
    listed = Listed({}, {})
    for pid in found:
        name, stat = stats[pid]
        (listed.guardians if name == GUARDIAN else listed.processes)[pid] = stat
    return listed


def stats_of(pids: Iterable[int]) -> dict[int, Stat]:
    """Return the fields of the stat files of those of some processes that have not ended, by process id."""
    return {pid: named[1] for pid in pids if (named := _stat(pid))}


def descendants(root: int, *, with_guardians: bool = False) -> dict[int, Stat]:
    """Return a process and everything that descends from it, zombies included, by process id.

    The result is empty where the system does not show processes.

    Args:
        root: Id of the process. If it belongs to a guardian, it is left out.
        with_guardians: Whether to return other processes that bear the name of a guardian, too. What they have started
            is always returned.
    """
    listed = below([root])
    others = {pid: stat for pid, stat in listed.guardians.items() if pid != root}
    return listed.processes | others if with_guardians else listed.processes


def thread_count(user: int) -> int | None:
    """Return the number of threads of all processes of a user; None where the system does not show processes."""
    if not AVAILABLE:
        return None
    return sum(int(stat[17]) for pid, (_, stat) in _stats() if _user(pid) == user)


def state(pid: int) -> str:
    """Return the state of the main thread of a process as proc(5) names it, such as ``T``; empty if there is none."""
    named = _stat(pid)
    return named[1][0] if named else ""


def _user(pid: int) -> int | None:
    try:
        return os.stat(f"/proc/{pid}").st_uid  # noqa: PTH116 (pathlib imports much)
    except OSError:  # it has ended since it was listed
        return None


def _stats() -> "list[tuple[int, NamedStat]]":
    """Return the name and the stat fields of every process, with its id."""
    listed = os.listdir("/proc") if AVAILABLE else []  # noqa: PTH208 (a fraction of the cost of iterdir)
    return [(int(pid), named) for pid in listed if pid.isdigit() and (named := _stat(int(pid)))]


def _stat(pid: int) -> "NamedStat | None":
    """Return the name and the stat fields of one process; None if it has ended."""
    # The name is in parentheses and may contain any character, parentheses included.
    start, _, fields = _read(f"/proc/{pid}/stat").rpartition(b")")
    return (start.partition(b"(")[2].decode(errors="replace"), fields.decode().split()) if fields else None


def _read(path: str) -> bytes:
    """Return the contents of a short file of /proc; nothing if the process has ended since it was listed."""
    try:
        file = os.open(path, os.O_RDONLY)
    except OSError:
        return b""
    try:
        return os.read(file, LONGEST_STAT_BYTES)
    except OSError:
        return b""
    finally:
        os.close(file)
