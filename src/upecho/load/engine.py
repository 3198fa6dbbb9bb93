"""What the load engines share: their interface, their selection, and the counters read before and after a load."""

import importlib
import resource
import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

from upecho.load import saturation
from upecho.load.plan import LoadResult, Plan, ServerUse
from upecho.net.address import Address
from upecho.processes.linux import procfs
from upecho.support import extension
from upecho.support.errors import Unavailable

NAMES = ("native", "python")

Meter = Callable[[], procfs.Use]


class Engine(Protocol):
    """The interface of a load engine."""

    def __call__(self, address: Address, plan: Plan, meter: Meter | None = None) -> LoadResult:
        """Put a load on a server.

        Args:
            address: Address of the server.
            plan: The load.
            meter: Reads what the server has used. It is called when all connections are open and again before they
                are closed, both times with nothing in flight; the difference goes into the result.

        Raises:
            AddressError: The address cannot be resolved.
            Unavailable: This system does not support the address family, or this engine does not support the plan.
            HarnessError: This system refuses the sockets that the load needs.
        """
        ...


def engine(name: str) -> Engine:
    """Return an engine by name.

    Raises:
        Unavailable: The engine was not built here.
    """
    run: Engine = importlib.import_module(f"upecho.load.{name}_engine").run
    return run


def best() -> str:
    """Return the name of the best engine that is available here."""
    try:
        extension.require("the native load engine")
    except Unavailable:
        return "python"
    return "native"


class Reading(NamedTuple):
    """What a load has used.

    Attributes:
        engine_ns: CPU time of the engine in nanoseconds, without that of empty polls.
        engine_switches: Number of involuntary context switches of the engine.
        server: What the server has used; None without a meter.
        saturated: Whether the engine was the bottleneck.
        stolen_ns: Time in nanoseconds for which a hypervisor withheld the machine's cores.
    """

    engine_ns: int
    engine_switches: int
    server: ServerUse | None
    saturated: bool
    stolen_ns: int


class Readings:
    """Reads all counters once before and once after a load.

    The second time reverses the order, so that the counter that is read last before the load is read first after it.
    This is the CPU time of the engine, which therefore includes no other reading. The server is idle both times, so
    its counters are read outermost.
    """

    def __init__(self, meter: Meter | None) -> None:
        self._meter = meter
        self._uses: list[procfs.Use] = []
        self._counters = (procfs.stolen_ns, _own_switches, saturation.busy_ns, time.process_time_ns)
        self._counts: list[list[int]] = []

    def take(self) -> None:
        """Read all counters."""
        if self._counts:
            self._counts.append([count() for count in reversed(self._counters)][::-1])
            self._observe()
        else:
            self._observe()
            self._counts.append([count() for count in self._counters])

    def spent(self, elapsed_ns: int, polled_ns: int = 0) -> Reading:
        """Return the difference of the two readings.

        Args:
            elapsed_ns: Duration of the load in nanoseconds.
            polled_ns: CPU time of empty polls in nanoseconds.
        """
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
        involuntary_switches=max(
            0, last.involuntary_switches - first.involuntary_switches
        ),  # a thread that ends takes its count with it
        resident_bytes=first.resident_bytes,
        peak_bytes=last.peak_bytes,
        threads=last.tasks,
    )
