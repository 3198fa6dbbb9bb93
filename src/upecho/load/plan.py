"""What a load engine shall do, and what it tells afterwards: plain data that travels as JSON."""

import enum
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Self

from upecho.load.latency import Latency

SLICE_NS = 100_000_000  # LoadResult.slices counts the replies in each tenth of a second


class Failure(enum.StrEnum):
    """Why a request got no verified reply."""

    REFUSED = "refused"
    NO_PORT = "no port left"
    RESET = "reset"
    EARLY_END = "early end"
    MISMATCH = "mismatch"
    SURPLUS = "surplus"
    TIMED_OUT = "timed out"


@dataclass(frozen=True)
class Plan:
    """A load: a closed loop, where each reply lets the next request go, or requests by a schedule.

    Attributes:
        connections: how many at once.
        message_size: bytes in each request, and in each reply.
        duration_seconds: how long new requests are sent.
        deadline_seconds: when the whole run ends, whatever is still missing then.
        seed: of the payload and of the offsets of the requests in it.
        max_requests: ends the sending earlier, once so many have begun.
        depth: requests in flight on each connection at once.
        idle: further connections, which say nothing while the others are loaded.
        rate: requests per second over all connections, by a schedule that does not wait for replies; the latency of
            a request counts from when it should have been sent. None for a closed loop.
        churn: each request has a connection of its own, which ends with it; its latency is that of all three.
        poll_seconds: how long the engine looks for replies before it sleeps until there are some. Whoever wakes a
            sleeper pays for it, and that would be the server; only for an engine that has a core of its own.
    """

    connections: int
    message_size: int
    duration_seconds: float
    deadline_seconds: float
    seed: int = 0
    max_requests: int | None = None
    depth: int = 1
    idle: int = 0
    rate: float | None = None
    churn: bool = False
    poll_seconds: float = 0.0


@dataclass(frozen=True)
class ServerUse:
    """What the processes of a server used for a load, and what they had.

    The first four are differences of two readings, before and after the load, both with all connections open and
    nothing in flight.

    Attributes:
        cpu_ns: CPU time, user and system.
        user_ns: its part in the server's own code, in whole clock ticks.
        system_ns: its part in the kernel, likewise.
        involuntary_switches: how often, at least, a thread that had more to do was made to wait for a processor; those
            of threads that ended meanwhile are not known.
        resident_bytes: memory in RAM at the first reading.
        peak_bytes: the most memory there ever was in RAM, at the second reading.
        threads: of all processes, at the second reading.
    """

    cpu_ns: int
    user_ns: int
    system_ns: int
    involuntary_switches: int
    resident_bytes: int
    peak_bytes: int
    threads: int


@dataclass(frozen=True)
class LoadResult:
    """What an engine saw between opening its connections and closing them.

    Attributes:
        engine: which engine; results of different engines are not comparable.
        requests: verified replies.
        payload_bytes: of these requests; as many went each way.
        elapsed_ns: from the first request to the last verified reply.
        engine_cpu_ns: CPU time of the engine in that time, without that in which it only looked for replies.
        server: what the server used in that time; None without a meter.
        saturated: the engine was the bottleneck, so a faster one might have got more out of the server.
        latency: of the verified requests, from handing over the first byte to comparing the last.
        errors: how often each failure was seen; empty, or the other fields mean nothing.
        slices: verified replies in each tenth of a second.
        lag_p99_ns: how late the engine was against its own schedule with 99 % of the requests; 0 in a closed loop.
        lag_max_ns: how late it was at worst.
        engine_switches: how often the engine had more to do and was made to wait for a processor in that time.
        stolen_ns: time of all cores in which a hypervisor kept this machine waiting, in whole clock ticks.
    """

    engine: str
    requests: int
    payload_bytes: int
    elapsed_ns: int
    engine_cpu_ns: int
    server: ServerUse | None
    saturated: bool
    latency: Latency
    errors: Mapping[Failure, int]
    slices: tuple[int, ...] = ()
    lag_p99_ns: int = 0
    lag_max_ns: int = 0
    engine_switches: int = 0
    stolen_ns: int = 0

    @property
    def server_cpu_ns(self) -> int | None:
        """CPU time of the server; None without a meter."""
        return self.server.cpu_ns if self.server else None


@dataclass(frozen=True)
class Job:
    """One run, as it is handed to an engine in a process of its own.

    Attributes:
        address: of the server, in the form that Address.parse reads.
        plan: what to do there.
        server_group: the process group that is observed; None for a server that is not ours.
        engine: the name of the one that shall do it.
    """

    address: str
    plan: Plan
    server_group: int | None = None
    engine: str = "python"

    def to_json(self) -> str:
        """Return the job as one line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what to_json wrote."""
        fields = json.loads(text)
        return cls(**fields | {"plan": Plan(**fields["plan"])})
