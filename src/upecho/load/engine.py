"""What the load engines share: their interface, their selection, and the counters read before and after a load."""

import importlib
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from upecho.load.plan import LoadResult, Plan, ServerUse
from upecho.net.address import Address
from upecho.processes.linux import procfs
from upecho.support import extension
from upecho.support.errors import Unavailable

NAMES = ("native", "python")
MAX_ENDED = 0.01  # of the CPU time of a server; more may belong to threads that have ended if switches are unknown

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
    """What was used during a load.

    Attributes:
        server: What the server has used; None without a meter.
        stolen_ns: Time in nanoseconds for which a hypervisor withheld the machine's cores.
        own: By how much the counters of the engine have risen.
    """

    server: ServerUse | None
    stolen_ns: int
    own: tuple[int, ...]


class Readings:
    """Reads all counters once before and once after a load.

    The second time reverses the order, so that the counter that is read last before the load is read first after it.
    This is the last one of the engine's, usually its CPU time, which therefore includes no other reading. The server is
    idle both times, so its counters are read outermost.
    """

    def __init__(self, meter: Meter | None, own: Sequence[Callable[[], int]] = ()) -> None:
        """Prepare to read.

        Args:
            meter: Reads what the server has used.
            own: Counters of the engine.
        """
        self._meter = meter
        self._uses: list[procfs.Use] = []
        self._counters = (procfs.stolen_ns, *own)
        self._counts: list[list[int]] = []

    def take(self) -> None:
        """Read all counters."""
        if self._counts:
            self._counts.append([count() for count in reversed(self._counters)][::-1])
            self._observe()
        else:
            self._observe()
            self._counts.append([count() for count in self._counters])

    def spent(self) -> Reading:
        """Return the difference of the two readings."""
        stolen_ns, *own = (last - first for first, last in zip(*self._counts, strict=True))
        return Reading(_difference(*self._uses) if self._uses else None, stolen_ns, tuple(own))

    def _observe(self) -> None:
        if self._meter:
            self._uses.append(self._meter())


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
        voluntary_switches=last.voluntary_switches - first.voluntary_switches if _knows_switches(first, last) else None,
    )


def _knows_switches(first: procfs.Use, last: procfs.Use) -> bool:
    """Whether the threads whose switches are known at the end are nearly all that have run since the beginning."""
    if first.ended_ns is None or last.ended_ns is None or first.processes - last.processes:
        return False
    return last.ended_ns - first.ended_ns <= MAX_ENDED * (last.cpu_ns - first.cpu_ns)
