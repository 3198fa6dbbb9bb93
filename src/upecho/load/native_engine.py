"""The native load engine: what goes into the C extension and what comes out of it."""

import socket
import struct
import sys
from typing import Any

from upecho.load.engine import Meter, Reading, Readings
from upecho.load.latency import Latency, percentile
from upecho.load.opening import refusal
from upecho.load.payload import Payload
from upecho.load.plan import Failure, LoadResult, Plan
from upecho.net.address import Address
from upecho.support import extension

NAME = "native"

_native = extension.load("the native load engine")
_KINDS = tuple(Failure)
_WITHOUT_LIMIT = 2**64 - 1


def run(address: Address, plan: Plan, meter: Meter | None = None) -> LoadResult:
    """Put a load on a server, as ``python_engine.run`` does.

    Raises:
        AddressError: the address cannot be resolved.
        Unavailable: this system lacks the family.
        HarnessError: this system does not give us the sockets.
    """
    payload = Payload.of(plan.message_size, plan.seed)
    readings = Readings(meter)
    try:
        found = _native.run(
            address=packed(*address.resolve()),
            connections=plan.connections,
            idle=plan.idle,
            depth=plan.depth,
            churn=plan.churn,
            interval_ns=round(1e9 / plan.rate) if plan.rate else 0,
            duration_ns=round(plan.duration_seconds * 1e9),
            deadline_ns=round(plan.deadline_seconds * 1e9),
            poll_ns=round(plan.poll_seconds * 1e9),
            max_requests=_WITHOUT_LIMIT if plan.max_requests is None else plan.max_requests,
            message_size=plan.message_size,
            sent=payload.sent,
            expected=payload.expected,
            offsets=payload.starts,
            mark=readings.take,
        )
    except OSError as error:
        raise refusal(error) from None
    return _result(plan, found, readings.spent(found["elapsed_ns"], found["polled_ns"]))


def packed(version: socket.AddressFamily, name: Any) -> bytes:
    """Return an address as the system's calls take it: a ``struct sockaddr``."""
    family = struct.pack("=H", version)
    if version == socket.AF_UNIX:
        path = name.encode(sys.getfilesystemencoding(), "surrogateescape") if isinstance(name, str) else name
        return family + path + (b"" if path.startswith(b"\0") else b"\0")
    host, port, *more = name
    if version == socket.AF_INET:
        return family + struct.pack("!H", port) + socket.inet_aton(host) + bytes(8)
    flow, scope = more or (0, 0)
    return family + struct.pack("!HI", port, flow) + socket.inet_pton(version, host) + struct.pack("=I", scope)


def _result(plan: Plan, found: dict[str, Any], spent: Reading) -> LoadResult:
    counts, *exact = found["latency"]
    lags, _, _, lag_max_ns = found["lag"]
    requests = sum(counts.values())
    slices = found["slices"]
    return LoadResult(
        engine=NAME,
        requests=requests,
        payload_bytes=requests * plan.message_size,
        elapsed_ns=found["elapsed_ns"],
        engine_cpu_ns=spent.engine_ns,
        server=spent.server,
        saturated=spent.saturated,
        latency=Latency.counted(counts, *exact),
        errors={_KINDS[kind]: count for kind, count in found["errors"].items()},
        slices=tuple(slices.get(number, 0) for number in range(max(slices, default=-1) + 1)),
        lag_p99_ns=min(percentile(lags, 99), lag_max_ns),
        lag_max_ns=lag_max_ns,
        engine_switches=spent.engine_switches,
        stolen_ns=spent.stolen_ns,
    )
