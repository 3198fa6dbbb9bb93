"""The native load engine: translates a plan for the C extension, and what its threads measured into a result."""

import socket
import struct
import sys
from dataclasses import replace
from typing import Any

from upecho.load import histogram, merging, saturation
from upecho.load.engine import Meter, Readings
from upecho.load.latency import Latency, percentile
from upecho.load.opening import refusal
from upecho.load.payload import Payload
from upecho.load.plan import SLICE_NS, Failure, LoadResult, Plan
from upecho.net.address import Address
from upecho.support import extension

NAME = "native"

_native = extension.require("the native load engine")
_FAILURES = tuple(Failure[name] for name in _native.FAILURES)

# An extension built from other sources would count into buckets and slices that mean something else here.
assert (_native.SLICE_NS, _native.HISTOGRAM_HIGHEST, _native.HISTOGRAM_LINEAR_BITS) == (
    SLICE_NS,
    histogram.HIGHEST,
    histogram.LINEAR_BITS,
), "the C extension was built from a different version of upecho; reinstall upecho"


def run(address: Address, plan: Plan, meter: Meter | None = None) -> LoadResult:
    """Put a load on a server, as ``engine.Engine`` describes.

    Args:
        address: Address of the server.
        plan: The load; every plan is supported, within the limits that the extension exports.
        meter: Reads what the server has used; called immediately before and after the load.

    Raises:
        AddressError: The address cannot be resolved.
        Unavailable: This system does not support the address family.
        HarnessError: This system refuses the sockets that the load needs.
        ValueError: A number in the plan exceeds the limits of the engine.
    """
    payload = Payload.of(plan.message_size, plan.seed)
    readings = Readings(meter)
    try:
        measured = _native.run(
            address=packed(*address.resolve()),
            threads=min(plan.threads, plan.connections),
            connections=plan.connections,
            idle=plan.idle,
            depth=plan.depth,
            churn=plan.churn,
            interval_ns=max(1, round(1e9 / plan.rate)) if plan.rate else 0,
            duration_ns=_nanoseconds(plan.duration_seconds),
            deadline_ns=_nanoseconds(plan.deadline_seconds),
            poll_ns=_nanoseconds(plan.poll_seconds),
            max_requests=_native.MAX_REQUESTS if plan.max_requests is None else plan.max_requests,
            message_size=plan.message_size,
            sent=payload.sent,
            expected=payload.expected,
            offsets=payload.starts,
            mark=readings.take,
        )
    except OSError as error:
        raise refusal(error) from None
    spent = readings.spent()
    merged = merging.merged([_result(plan, one) for one in measured])
    return replace(merged, server=spent.server, stolen_ns=spent.stolen_ns)


def packed(family: socket.AddressFamily, name: Any) -> bytes:
    """Return a socket address in the form that system calls take.

    Args:
        family: Address family.
        name: Socket address as the methods of Python sockets take it.

    Returns:
        A ``struct sockaddr`` of the family.
    """
    start = struct.pack("=H", family)
    if family == socket.AF_UNIX:
        path = name.encode(sys.getfilesystemencoding(), "surrogateescape") if isinstance(name, str) else name
        return start + path + (b"" if path.startswith(b"\0") else b"\0")
    host, port, *more = name
    if family == socket.AF_INET:
        return start + struct.pack("!H", port) + socket.inet_aton(host) + bytes(8)
    flow, scope = more or (0, 0)
    return start + struct.pack("!HI", port, flow) + socket.inet_pton(family, host) + struct.pack("=I", scope)


def _nanoseconds(seconds: float) -> int:
    return round(seconds * 1e9)


def _result(plan: Plan, measured: dict[str, Any]) -> LoadResult:
    """Return the result of one thread, without what was measured once for all."""
    counts, *exact = measured["latency"]
    lags, _, _, lag_max_ns = measured["lag"]
    requests = sum(counts.values())
    slices = measured["slices"]
    cpu_ns = measured["cpu_ns"] - measured["polled_ns"]
    return LoadResult(
        engine=NAME,
        requests=requests,
        payload_bytes=requests * plan.message_size,
        elapsed_ns=measured["elapsed_ns"],
        engine_cpu_ns=max(0, cpu_ns),
        server=None,
        saturated=saturation.is_saturated(cpu_ns + measured["waited_ns"], measured["elapsed_ns"]),
        latency=Latency.counted(counts, *exact),
        errors={_FAILURES[position]: count for position, count in measured["errors"].items()},
        slices=tuple(slices.get(number, 0) for number in range(max(slices, default=-1) + 1)),
        lag_p99_ns=percentile(lags, 99),
        lag_max_ns=lag_max_ns,
        engine_switches=measured["switches"],
        lag_histogram=histogram.encoded(lags) if lags else "",
    )
