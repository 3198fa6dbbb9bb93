"""Plans and results of load engines: plain data that is exchanged as JSON."""

import enum
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Self

from upecho.load.latency import Latency
from upecho.processes.linux.scope import Scope
from upecho.processes.linux.system_calls import Method
from upecho.support.decoding import ADDED_LATER, build
from upecho.support.text import plural

SLICE_NS = 100_000_000  # LoadResult.slices counts the replies in each tenth of a second


class Failure(enum.StrEnum):
    """Why a request has no verified reply."""

    REFUSED = "refused"
    NO_PORT = "no port left"
    RESET = "reset"
    EARLY_END = "early end"
    MISMATCH = "mismatch"
    SURPLUS = "surplus"
    TIMED_OUT = "timed out"

    def counted(self, count: int) -> str:
        """Return how often it happened, such as ``3 mismatch`` or ``1 connection timed out``.

        A failure ends its connection, so that each connection has at most one.
        """
        happens_to_connection = self in (Failure.REFUSED, Failure.RESET, Failure.TIMED_OUT)
        return f"{plural(count, 'connection')} {self}" if happens_to_connection else f"{count} {self}"


@dataclass(frozen=True)
class Plan:
    """A load: a closed loop, where each reply triggers the next request, or a schedule.

    Attributes:
        connections: Number of connections that send requests.
        message_size: Size of each request, and of each reply, in bytes.
        duration_seconds: Duration for which new requests are sent, in seconds.
        deadline_seconds: Maximum duration of the whole run, in seconds; replies that are missing then have timed out.
        seed: Seed of the payload and of the offsets of the requests in it.
        max_requests: Number of requests after which no more are sent; None for no limit.
        depth: Number of requests in flight on each connection.
        idle: Number of further connections that stay open and send nothing during the load.
        rate: Requests per second over all connections, on a schedule that does not wait for replies. The latency of a
            request is counted from the moment it was due. None for a closed loop.
        churn: Whether each request uses a new connection; its latency then includes opening and closing it.
        poll_seconds: Duration for which the engine busy-polls for replies before it sleeps, in seconds. The cost of
            waking a sleeping engine would be charged to the server, as the sender. Only for an engine that has a core
            of its own.
        threads: Number of threads of the engine, which divide the connections among them. Threads without a connection
            are not started.
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
    threads: int = 1


@dataclass(frozen=True)
class ServerUse:
    """What the processes of a server used during a load.

    The first four figures are differences of two readings, before and after the load. At both readings all connections
    are open and nothing is in flight.

    Attributes:
        cpu_ns: CPU time in user and kernel mode, in nanoseconds.
        user_ns: CPU time in user mode, in nanoseconds, with the resolution of a clock tick.
        system_ns: CPU time in kernel mode, in nanoseconds, with the resolution of a clock tick.
        involuntary_switches: Number of involuntary context switches, without those of threads that have ended.
        resident_bytes: Resident memory at the first reading, in bytes.
        peak_bytes: Peak of the resident memory up to the second reading, in bytes.
        threads: Number of threads of all processes at the second reading.
        voluntary_switches: Number of voluntary context switches; null if more than a hundredth of the CPU time belongs
            to threads and processes that have ended, whose switches of both kinds are unknown.
        system_calls: Number of system calls; null unless they were counted.
    """

    cpu_ns: int
    user_ns: int
    system_ns: int
    involuntary_switches: int
    resident_bytes: int
    peak_bytes: int
    threads: int
    voluntary_switches: int | None = field(default=None, metadata={ADDED_LATER: True})
    system_calls: int | None = field(default=None, metadata={ADDED_LATER: True})


@dataclass(frozen=True)
class Worker:
    """What one worker of a server had of a load.

    Attributes:
        accepted: Number of connections that it had accepted, and that were still open at the end of the load.
        requests: Number of requests on them during the load; null if that is unknown, as over Unix sockets.
    """

    accepted: int
    requests: int | None


@dataclass(frozen=True)
class LoadResult:
    """What an engine measured between opening and closing its connections.

    Attributes:
        engine: Name of the engine; results of different engines are not comparable.
        requests: Number of verified replies.
        payload_bytes: Total size of the requests with a verified reply, in bytes; the replies are as large.
        elapsed_ns: Nanoseconds from the first request to the last verified reply.
        engine_cpu_ns: CPU time of the engine, in nanoseconds, without empty polls.
        server: What the server used in that time; null without a meter.
        saturated: Whether the engine was the bottleneck, so that a faster one might have shown a higher rate.
        latency: Latencies of the verified requests, from sending the first byte to comparing the last.
        errors: Number of failures of each kind; unless it is empty, the other fields mean nothing.
        slices: Number of verified replies in each tenth of a second.
        lag_p99_ns: 99th percentile of how late a request was sent, in nanoseconds after it was due; 0 in a closed loop.
        lag_max_ns: Maximum of how late a request was sent, in nanoseconds after it was due; 0 in a closed loop.
        engine_switches: Number of involuntary context switches of the engine.
        stolen_ns: Nanoseconds for which a hypervisor withheld the machine's cores, with the resolution of a clock tick.
        lag_histogram: How late requests were sent, in nanoseconds, of those that found a free connection when they were
            due, as an HdrHistogram (V2 compressed, in base64); empty in a closed loop.
        threads: Number of threads of the engine, which divided the connections among them.
        workers: What each worker of a server with several of them had of the load, those with the fewest connections
            first; empty if the server has several processes, and it is not known which worker had which connection;
            null if no more than one worker was seen, or if no connection was left at the end, as with churn.
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
    lag_histogram: str = field(default="", metadata={ADDED_LATER: True})
    threads: int = field(default=1, metadata={ADDED_LATER: True})
    workers: tuple[Worker, ...] | None = field(default=None, metadata={ADDED_LATER: True})

    @property
    def server_cpu_ns(self) -> int | None:
        """The CPU time of the server in nanoseconds; None without a meter."""
        return self.server.cpu_ns if self.server else None


@dataclass(frozen=True)
class Job:
    """A load for an engine in another process.

    Attributes:
        address: Address of the server, in a form that Address.parse reads.
        plan: The load.
        scope: Processes of the server, whose use is measured; None for no meter.
        engine: Name of the engine.
        system_calls: How system calls are counted during the load; None if they are not.
    """

    address: str
    plan: Plan
    scope: Scope | None = None
    engine: str = "python"
    system_calls: Method | None = None

    def to_json(self) -> str:
        """Return the job as one line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what ``to_json`` wrote."""
        return build(cls, json.loads(text))
