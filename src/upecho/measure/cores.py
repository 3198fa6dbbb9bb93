"""The processor cores that the load engine and the servers run on."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Self

from upecho.support.errors import CallerError, Unavailable
from upecho.support.text import plural

MAX_CORE = 2**16  # larger than the number of any core
TOPOLOGY = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"


@dataclass(frozen=True)
class Cores:
    """Numbers of processor cores; an empty list leaves the choice to the system.

    Attributes:
        engine: Cores of the load engine, which has a thread on each of them.
        servers: Cores of the servers, one of which runs at a time.
    """

    engine: tuple[int, ...] = ()
    servers: tuple[int, ...] = ()

    @classmethod
    def divided(cls, wanted: int | Sequence[int] | None = None) -> Self:
        """Give the engine some cores and the servers all others.

        What the system counts as a core may be a hardware thread. The siblings of the engine's threads stay unused,
        unless there are no other cores.

        Args:
            wanted: Number of cores of the engine, or their numbers. None stands for one core if there is another one
                for the servers; with a single core, or not on Linux, nothing is divided then.

        Raises:
            CallerError: The engine cannot have these cores.
            Unavailable: This system does not bind processes to cores.
        """
        if not hasattr(os, "sched_getaffinity"):
            if wanted is None:
                return cls()
            raise _no_binding()
        allowed = sorted(os.sched_getaffinity(0))
        if wanted is None and len(allowed) == 1:
            return cls()
        engine = _first(allowed, wanted or 1) if isinstance(wanted, int | None) else _among(allowed, wanted)
        others = [core for core in allowed if core not in engine]
        siblings = {sibling for core in engine for sibling in _siblings(core)}
        servers = [core for core in others if core not in siblings] or others
        if not servers:
            raise _impossible(named(engine), allowed)
        return cls(tuple(engine), tuple(servers))


def expect_binding() -> None:
    """Make sure that this system binds processes to cores.

    Raises:
        Unavailable: It does not.
    """
    if not hasattr(os, "sched_getaffinity"):
        raise _no_binding()


def _no_binding() -> Unavailable:
    return Unavailable("this system does not bind processes to cores", subject="a choice of cores")


def numbers(text: str) -> list[int]:
    """Parse a list of cores as Linux writes it, such as ``0-1,8``.

    Raises:
        ValueError: The text is something else, a range runs backwards, or no machine has as many cores.
    """
    found: list[int] = []
    for part in text.strip().split(","):
        first, dash, last = part.partition("-")
        cores = range(int(first), int(last if dash else first) + 1)
        if not cores or cores[-1] > MAX_CORE:
            raise ValueError(f"not a range of cores: {part}")
        found += cores
    return found


def ranges(cores: Iterable[int]) -> str:
    """Return a list of cores as Linux writes it."""
    runs = groupby(enumerate(sorted(cores)), lambda numbered: numbered[1] - numbered[0])
    ends = [[core for _, core in run] for _, run in runs]
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in ends)


def named(cores: Sequence[int]) -> str:
    """Return a list of cores in words, such as ``core 0`` or ``cores 0-1,8``."""
    return f"core{'s' if len(cores) > 1 else ''} {ranges(cores)}" if cores else "any core"


def _first(allowed: Sequence[int], count: int) -> list[int]:
    """Return the first cores of as many physical cores; if no physical core were left, use all threads of them."""
    physical: dict[int, list[int]] = {}
    for core in allowed:
        physical.setdefault(min({core, *_siblings(core)}), []).append(core)
    if count < len(physical):
        return [threads[0] for threads in physical.values()][:count]
    if count > len(allowed):
        raise _impossible(plural(count, "core"), allowed)
    return [core for threads in physical.values() for core in threads][:count]


def _among(allowed: Sequence[int], wanted: Sequence[int]) -> list[int]:
    if missing := sorted(set(wanted) - set(allowed)):
        raise _impossible(named(missing), allowed)
    return sorted(set(wanted))


def _impossible(what: str, allowed: Sequence[int]) -> CallerError:
    reason = f"this process may use {named(allowed)} only, and the servers need one of them"
    return CallerError(reason, subject=f"the load engine cannot have {what}")


def _siblings(core: int) -> set[int]:
    """Return the hardware threads of a core's physical core; an empty set if the system does not list them."""
    try:
        return set(numbers(Path(TOPOLOGY.format(core)).read_text()))
    except OSError:
        return set()
