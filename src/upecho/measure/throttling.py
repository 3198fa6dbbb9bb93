"""How often a CPU quota stopped this process and its children: the control groups of Linux, versions 1 and 2.

A quota (cpu.max, or cpu.cfs_quota_us in version 1) belongs to a control group and applies to everything below it, so
the group of this process and all groups above it count. A group that uses its quota up does not run until the period
ends; ``cpu.stat`` counts these periods (Documentation/admin-guide/cgroup-v2.rst and
Documentation/scheduler/sched-bwc.rst in the Linux source).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

PROC = Path("/proc/self")
NS_OF_UNITS = {"throttled_usec": 1000, "throttled_time": 1}  # nanoseconds of the unit in version 2 and in version 1


@dataclass(frozen=True)
class Throttling:
    """How often and for how long a CPU quota stopped a group of processes.

    Attributes:
        periods: Number of periods of the quota in which a process of the group was ready to run.
        throttled: Number of these periods in which the quota was used up.
        throttled_ns: Time in nanoseconds for which the group was stopped, summed over the cores.
    """

    periods: int
    throttled: int
    throttled_ns: int

    def since(self, earlier: Self) -> "Throttling":
        """Return what has happened since an earlier reading."""
        return Throttling(
            periods=self.periods - earlier.periods,
            throttled=self.throttled - earlier.throttled,
            throttled_ns=self.throttled_ns - earlier.throttled_ns,
        )

    @property
    def happened(self) -> bool:
        """Whether the group was stopped at all; the two counters do not change at the same moment."""
        return self.throttled > 0 or self.throttled_ns > 0


class Quotas:
    """The CPU quotas that apply to this process and to its children."""

    def __init__(self, proc: Path = PROC) -> None:
        """Find the control groups.

        Args:
            proc: Directory in /proc of the process.
        """
        self._files = list(_stat_files(proc))

    def read(self) -> dict[Path, Throttling]:
        """Return the counts of each group that can have a quota; empty where the system does not report any."""
        counts = {file: _counts(file) for file in self._files}
        return {file: count for file, count in counts.items() if count}

    def since(self, earlier: dict[Path, Throttling]) -> Throttling | None:
        """Return what has happened in the group that was stopped most since an earlier reading.

        The result is None if no quota has been in force.
        """
        found = [count.since(earlier[file]) for file, count in self.read().items() if file in earlier]
        in_force = [one for one in found if one.periods or one.happened]
        return max(in_force, key=lambda one: (one.throttled, one.throttled_ns), default=None)


def _counts(file: Path) -> Throttling | None:
    """Read a file ``cpu.stat``; None if it does not exist or counts no periods."""
    try:
        fields = dict(line.split() for line in file.read_text().splitlines())
        times = [int(fields[name]) * unit_ns for name, unit_ns in NS_OF_UNITS.items() if name in fields]
        return Throttling(int(fields["nr_periods"]), int(fields["nr_throttled"]), throttled_ns=sum(times))
    except (OSError, ValueError, KeyError):  # such as the group at the root of version 2, which cannot have a quota
        return None


def _stat_files(proc: Path) -> Iterator[Path]:
    """Yield the files ``cpu.stat`` of the groups of a process, from its own group up to the topmost visible one."""
    groups = _groups(proc)
    for line in _lines(proc / "mountinfo"):
        mounted, _, device = line.partition(" - ")
        root, mount_point = mounted.split()[3:5]
        kind, *_, options = device.split()
        path = groups.get("" if kind == "cgroup2" else "cpu")
        if path is None or not (kind == "cgroup2" or (kind == "cgroup" and "cpu" in options.split(","))):
            continue
        # In a container, the path may begin with the part of the hierarchy that is mounted, or with nothing of it.
        top = Path(mount_point)
        below = Path(path).relative_to(root) if Path(path).is_relative_to(root) else Path()
        yield from (group / "cpu.stat" for group in (top / below, *(top / below).parents) if group.is_relative_to(top))


def _groups(proc: Path) -> dict[str, str]:
    """Return the paths of the groups of a process by controller; that of version 2 has an empty name."""
    fields = [line.split(":", 2) for line in _lines(proc / "cgroup")]
    return {controller: path for _, controllers, path in fields for controller in controllers.split(",")}


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except OSError:
        return []
