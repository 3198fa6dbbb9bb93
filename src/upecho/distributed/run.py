"""The result of a load from several machines, and the file that keeps it."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Self

from upecho import __version__
from upecho.distributed.messages import Hello
from upecho.load.merging import merged
from upecho.load.plan import LoadResult, Plan
from upecho.support import json_document

FORMAT = json_document.Format(
    name="file of a load from several machines",
    schema="upecho-distributed",
    version=1,
    writer="upecho locust --save",
    again="measure again with upecho locust --save",
)


@dataclass(frozen=True)
class Part:
    """What one worker has contributed.

    Attributes:
        hello: Its introduction.
        plan: Its part of the load.
        load: What its engine measured; null if it was lost.
        arrived_ns: Nanoseconds from sending the orders to the arrival of the result, on the clock of the master; 0 if
            the worker was lost.
        lost: Why it has no result; empty if it has one.
    """

    hello: Hello
    plan: Plan
    load: LoadResult | None
    arrived_ns: int
    lost: str


@dataclass(frozen=True)
class DistributedRun:
    """A load from several machines.

    Attributes:
        started: Date and time at which the orders were sent, in UTC and ISO 8601, by the clock of the master.
        upecho: Version of upecho, which is the same on all machines.
        address: Address of the server, as the workers resolve it.
        plan: The whole load.
        parts: What each worker has contributed.
        load: The merged results of the workers that were not lost; null if all were.
    """

    started: str
    upecho: str
    address: str
    plan: Plan
    parts: tuple[Part, ...]
    load: LoadResult | None

    @classmethod
    def of(cls, address: str, plan: Plan, parts: tuple[Part, ...]) -> Self:
        """Merge the parts of a load that has just ended."""
        loads = [part.load for part in parts if part.load]
        started = datetime.now(UTC).isoformat(timespec="seconds")
        return cls(started, __version__, address, plan, parts, merged(loads) if loads else None)

    @property
    def present(self) -> tuple[Part, ...]:
        """The parts of the workers that were not lost."""
        return tuple(part for part in self.parts if part.load)

    @property
    def overlap_ns(self) -> int:
        """How long the windows of all workers that were not lost have overlapped at least, in nanoseconds.

        The clocks of the machines are not compared. A window cannot begin before the orders were sent, nor end after
        its result has arrived, both by the clock of the master; what lies between is the time on the network, for
        opening connections and for transferring the result.
        """
        windows = [(part.load.elapsed_ns, part.arrived_ns) for part in self.parts if part.load]
        earliest_end = min((elapsed for elapsed, _ in windows), default=0)
        latest_start = max((arrived - elapsed for elapsed, arrived in windows), default=0)
        return max(0, earliest_end - latest_start)

    def to_json(self) -> str:
        """Return the run as JSON."""
        return json.dumps(FORMAT.head | asdict(self), allow_nan=False) + "\n"
