"""The processes that make up one server, and what they use together."""

import contextlib
from dataclasses import dataclass, replace
from pathlib import Path

from upecho.processes.linux import control_group, process_tree, procfs
from upecho.processes.linux.process_tree import Listed
from upecho.processes.linux.procfs import Use


@dataclass(frozen=True)
class Scope:
    """The processes of a server: those below some processes, or those of a control group.

    Attributes:
        roots: Ids of processes; they and everything that descends from them is the server.
        group: Directory of a control group, whose processes are the server; empty if there is none. It also counts the
            CPU time of all processes of the group that have ended.
    """

    roots: tuple[int, ...] = ()
    group: str = ""

    def members(self) -> list[int]:
        """Return the process ids."""
        return list(self._listed().processes)

    def use(self) -> Use:
        """Return what the server has used; the CPU time is read last."""
        used = procfs.use_of(*self._listed())
        if self.group:
            with contextlib.suppress(OSError):  # it has been removed, which the failed requests show
                time = control_group.time_used(Path(self.group))
                return replace(used, cpu_ns=time.cpu_ns, user_ns=time.user_ns, system_ns=time.system_ns)
        return used

    def cores(self) -> set[int]:
        """Return the numbers of the processor cores that the server may run on."""
        return procfs.cores(self.members())

    def _listed(self) -> Listed:
        if self.group:
            return Listed(process_tree.stats_of(control_group.members(Path(self.group))), {})
        return process_tree.below(self.roots)
