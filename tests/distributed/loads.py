"""Made-up workers and what they have measured."""

from collections.abc import Sequence

from upecho import __version__
from upecho.distributed.messages import PROTOCOL, Hello
from upecho.load.latency import Latency
from upecho.load.plan import LoadResult, Plan

PLAN = Plan(5, 64, duration_seconds=1.0, deadline_seconds=2.0, seed=7)


def hello(pid: int = 1, *, engines: tuple[str, ...] = ("native", "python"), version: str = __version__) -> Hello:
    return Hello(PROTOCOL, version, "host", pid, engines, 2, "Linux 6", "3.13.0")


def load(latencies_ns: Sequence[int] = (5_000,), elapsed_ns: int = 1_000_000_000) -> LoadResult:
    return LoadResult(
        engine="native",
        requests=len(latencies_ns),
        payload_bytes=64 * len(latencies_ns),
        elapsed_ns=elapsed_ns,
        engine_cpu_ns=10,
        server=None,
        saturated=False,
        latency=Latency.of(latencies_ns),
        errors={},
    )
