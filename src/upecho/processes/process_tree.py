"""The processes that descend from one process, as Linux shows them in /proc.

The guardian uses this module too, so it imports next to nothing.
"""

import os
import sys

GUARDIAN = "upecho-guardian"  # the name of a guardian's processes; the kernel keeps 15 bytes of a name
LONGEST_STAT_BYTES = 4096
AVAILABLE = sys.platform == "linux" and os.path.exists("/proc/self/stat")  # noqa: PTH110 (pathlib imports much)

Stat = list[str]  # the fields of a stat file, starting with "state": proc(5)


def descendants(root: int) -> dict[int, Stat]:
    """Return a process and everything that descends from it, zombies included, by process id.

    The processes of a guardian are left out, but not what they have started. The result is empty where the system does
    not show processes.
    """
    stats = dict(_stats())
    children: dict[int, list[int]] = {}
    for pid, (_, stat) in stats.items():
        children.setdefault(int(stat[1]), []).append(pid)
    found = [root] if root in stats else []
    for pid in found:  # it grows
        found += children.get(pid, ())
    return {pid: stat for pid in found for name, stat in [stats[pid]] if name != GUARDIAN}


def thread_count(user: int) -> int | None:
    """Return the number of threads of all processes of a user; None where the system does not show processes."""
    if not AVAILABLE:
        return None
    return sum(int(stat[17]) for pid, (_, stat) in _stats() if _user(pid) == user)


def _user(pid: int) -> int | None:
    try:
        return os.stat(f"/proc/{pid}").st_uid  # noqa: PTH116 (pathlib imports much)
    except OSError:  # it has ended since it was listed
        return None


def _stats() -> "list[tuple[int, tuple[str, Stat]]]":
    """Return the name and the stat fields of every process, with its id."""
    found = []
    for entry in os.listdir("/proc") if AVAILABLE else ():  # noqa: PTH208 (a fraction of the cost of iterdir)
        if entry.isdigit() and (stat := _read(f"/proc/{entry}/stat")):
            # The name is in parentheses and may contain any character, parentheses included.
            start, _, fields = stat.rpartition(b")")
            found.append((int(entry), (start.partition(b"(")[2].decode(errors="replace"), fields.decode().split())))
    return found


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
