"""What a load engine shall do, and what it tells afterwards: plain data that travels as JSON."""

import enum
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from upecho.load.latency import Latency


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
    """A closed loop: each connection sends its next request when the reply to the last one is complete.

    Attributes:
        connections: how many at once.
        message_size: bytes in each request, and in each reply.
        duration_seconds: how long new requests are sent.
        deadline_seconds: when the whole run ends, whatever is still missing then.
        seed: of the payload and of the offsets of the requests in it.
        max_requests: ends the sending earlier, once so many replies are verified.
    """

    connections: int
    message_size: int
    duration_seconds: float
    deadline_seconds: float
    seed: int = 0
    max_requests: int | None = None


@dataclass(frozen=True)
class LoadResult:
    """What an engine saw between opening its connections and closing them.

    Attributes:
        engine: which engine; results of different engines are not comparable.
        requests: verified replies.
        payload_bytes: of these requests; as many went each way.
        elapsed_ns: from the first request to the last verified reply.
        engine_cpu_ns: CPU time of the engine in that time.
        server_cpu_ns: by how much the meter advanced in that time; None without a meter.
        saturated: the engine was the bottleneck, so a faster one might have got more out of the server.
        latency: of the verified requests, from handing over the first byte to comparing the last.
        errors: how often each failure was seen; empty, or the other fields mean nothing.
    """

    engine: str
    requests: int
    payload_bytes: int
    elapsed_ns: int
    engine_cpu_ns: int
    server_cpu_ns: int | None
    saturated: bool
    latency: Latency
    errors: Mapping[Failure, int]

    @classmethod
    def from_fields(cls, fields: dict[str, Any]) -> Self:
        """Build a result from what ``dataclasses.asdict`` made of one, also after a journey through JSON."""
        latency = Latency.from_fields(fields["latency"])
        errors = {Failure(kind): count for kind, count in fields["errors"].items()}
        return cls(**fields | {"latency": latency, "errors": errors})


@dataclass(frozen=True)
class Job:
    """One run, as it is handed to an engine in a process of its own.

    Attributes:
        address: of the server, in the form that Address.parse reads.
        plan: what to do there.
        server_group: the process group whose CPU time is metered; None for a server that is not ours.
    """

    address: str
    plan: Plan
    server_group: int | None = None

    def to_json(self) -> str:
        """Return the job as one line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what to_json wrote."""
        fields = json.loads(text)
        return cls(**fields | {"plan": Plan(**fields["plan"])})
