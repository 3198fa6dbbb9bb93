"""Which processor cores the load engine and the servers run on."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

TOPOLOGY = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"


@dataclass(frozen=True)
class Cores:
    """Numbers of processor cores; none: wherever the system puts the process.

    Attributes:
        engine: for the load engine.
        servers: for the servers, one of which runs at a time.
    """

    engine: tuple[int, ...] = ()
    servers: tuple[int, ...] = ()

    @classmethod
    def divided(cls) -> Self:
        """Give the engine one core, the servers all others; with one core, or not on Linux, divide none.

        What the system counts as a core may be a thread of one. The others of the engine's core are left to nobody,
        unless there are no further ones.
        """
        if not hasattr(os, "sched_getaffinity"):
            return cls()
        engine, *others = sorted(os.sched_getaffinity(0))
        siblings = _siblings(engine)
        servers = [core for core in others if core not in siblings] or others
        return cls((engine,), tuple(servers)) if servers else cls()


def _siblings(core: int) -> set[int]:
    """Return the threads of a core, in the form of which the system speaks: ``0-1,8``; none where it does not tell."""
    try:
        told = Path(TOPOLOGY.format(core)).read_text()
    except OSError:
        return set()
    ranges = [part.split("-") for part in told.strip().split(",")]
    return {number for ends in ranges for number in range(int(ends[0]), int(ends[-1]) + 1)}
