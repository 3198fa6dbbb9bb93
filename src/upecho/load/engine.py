"""What all load engines share: their seam, the choice between them, and what they read before and after a load."""

import importlib
import resource
import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

from upecho.load import saturation
from upecho.load.plan import LoadResult, Plan, ServerUse
from upecho.net.address import Address
from upecho.processes import procfs
from upecho.support import extension
from upecho.support.errors import Unavailable

NAMES = ("native", "python")

Meter = Callable[[], procfs.Use]


class Engine(Protocol):
    """A load engine."""

    def __call__(self, address: Address, plan: Plan, meter: Meter | None = None) -> LoadResult:
        """Put a load on a server.

        Args:
            address: of the server.
            plan: what to do.
            meter: read when all connections are open and again before they end, both times with nothing under
                way; what the server used between the two goes into the result.

        Raises:
            AddressError: the address cannot be resolved.
            Unavailable: this system lacks the family, or this engine cannot carry out such a plan.
            HarnessError: this system does not give us the sockets.
        """
        ...


def engine(name: str) -> Engine:
    """Return the engine of that name.

    Raises:
        Unavailable: it could not be built here.
    """
    run: Engine = importlib.import_module(f"upecho.load.{name}_engine").run
    return run


def best() -> str:
    """Return the name of the best engine there is here."""
    try:
        extension.load("the native load engine")
    except Unavailable:
        return "python"
    return "native"


class Reading(NamedTuple):
    """What a load took.

    Attributes:
        engine_ns: CPU time of the engine, without that of its vain looks.
        engine_switches: how often it had to make room for another process.
        server: what the server used; None without a meter.
        saturated: the engine was the bottleneck.
        stolen_ns: what the machine did not get of its cores.
    """

    engine_ns: int
    engine_switches: int
    server: ServerUse | None
    saturated: bool
    stolen_ns: int


class Readings:
    """Reads everything once before and once after a load.

    The second time it goes the other way round, so that what is read last before the load is read first after it: the
    CPU time of the engine, which no other reading is part of. The server, at rest both times, comes outermost.
    """

    def __init__(self, meter: Meter | None) -> None:
        self._meter = meter
        self._uses: list[procfs.Use] = []
        self._counters = (procfs.stolen_ns, _own_switches, saturation.busy_ns, time.process_time_ns)
        self._counts: list[list[int]] = []

    def take(self) -> None:
        """Read."""
        if self._counts:
            self._counts.append([count() for count in reversed(self._counters)][::-1])
            self._observe()
        else:
            self._observe()
            self._counts.append([count() for count in self._counters])

    def spent(self, elapsed_ns: int, polled_ns: int = 0) -> Reading:
        """Return the difference of the two readings, between which so much time passed, so much of it in vain looks."""
        stolen_ns, switches, busy_ns, engine_ns = (last - first for first, last in zip(*self._counts, strict=True))
        return Reading(
            engine_ns=max(0, engine_ns - polled_ns),
            engine_switches=switches,
            server=_difference(*self._uses) if self._uses else None,
            saturated=saturation.is_saturated(busy_ns - polled_ns, elapsed_ns),
            stolen_ns=stolen_ns,
        )

    def _observe(self) -> None:
        if self._meter:
            self._uses.append(self._meter())


def _own_switches() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw


def _difference(first: procfs.Use, last: procfs.Use) -> ServerUse:
    return ServerUse(
        cpu_ns=last.cpu_ns - first.cpu_ns,
        user_ns=last.user_ns - first.user_ns,
        system_ns=last.system_ns - first.system_ns,
        involuntary_switches=max(0, last.involuntary_switches - first.involuntary_switches),  # threads may have ended
        resident_bytes=first.resident_bytes,
        peak_bytes=last.peak_bytes,
        threads=last.tasks,
    )
