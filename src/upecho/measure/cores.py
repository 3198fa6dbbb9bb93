"""The processor cores that the load engine and the servers run on."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

TOPOLOGY = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"


@dataclass(frozen=True)
class Cores:
    """Numbers of processor cores; an empty list leaves the choice to the system.

    Attributes:
        engine: Cores of the load engine.
        servers: Cores of the servers, one of which runs at a time.
    """

    engine: tuple[int, ...] = ()
    servers: tuple[int, ...] = ()

    @classmethod
    def divided(cls) -> Self:
        """Give the engine one core and the servers all others; with a single core, or not on Linux, divide nothing.

        What the system counts as a core may be a hardware thread. The siblings of the engine's thread stay unused,
        unless there are no other cores.
        """
        if not hasattr(os, "sched_getaffinity"):
            return cls()
        engine, *others = sorted(os.sched_getaffinity(0))
        siblings = _siblings(engine)
        servers = [core for core in others if core not in siblings] or others
        return cls((engine,), tuple(servers)) if servers else cls()


def _siblings(core: int) -> set[int]:
    """Return the hardware threads of a core's physical core; an empty set if the system does not list them.

    The system lists them as ranges, such as ``0-1,8``.
    """
    try:
        text = Path(TOPOLOGY.format(core)).read_text()
    except OSError:
        return set()
    ranges = [part.split("-") for part in text.strip().split(",")]
    return {number for ends in ranges for number in range(int(ends[0]), int(ends[-1]) + 1)}
