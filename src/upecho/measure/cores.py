"""Which processor cores the load engine and the servers run on."""

import os
from dataclasses import dataclass
from typing import Self


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
        """Give the engine one core, the servers all others; with one core, or not on Linux, divide none."""
        if not hasattr(os, "sched_getaffinity"):
            return cls()
        engine, *servers = sorted(os.sched_getaffinity(0))
        return cls((engine,), tuple(servers)) if servers else cls()
