"""``python -m bench.scaling``: what the native load engine gains from further threads.

Each pair loads the same server with one thread of the engine and with several. The ratios are those of requests per
second, and of requests per second of the engine's CPU time, which falls if the threads hinder each other. The server
is the native one, with a thread on each of its cores. The ratio of the rates shows how the engine scales only if the
engine was the limit on both sides; the program says what was. Without enough cores, both share all of them.
"""

import argparse
import functools
import os
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.loads import Loads
from bench.pairs import alternating
from upecho.load.plan import LoadResult
from upecho.measure.cores import Cores, named
from upecho.measure.statistics.ratios import Ratio, paired_values
from upecho.net.address import Family
from upecho.processes import rlimits
from upecho.processes.supervisor import Supervisor
from upecho.servers import native
from upecho.serving.contract import Stop
from upecho.support.text import plural

FAMILIES = (Family.INET, Family.UNIX)
CONNECTIONS = 32  # for each thread of the engine
MAX_THREADS = 256
BUSY = 0.9  # share of the time of its cores from which the server was the limit


def serve(listener: socket.socket, stop: Stop) -> None:
    """Serve with the native server, in one thread for each core that this process may use."""
    count = len(os.sched_getaffinity(0))
    threads = [threading.Thread(target=native.serve, args=[listener.dup(), stop]) for _ in range(count)]
    listener.close()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@dataclass(frozen=True)
class Machine:
    """The cores of a comparison.

    Attributes:
        cores: Cores of the engine with most threads, and of the servers.
        is_shared: Whether the engine and the servers use the same cores.
    """

    cores: Cores
    is_shared: bool

    @classmethod
    def with_threads(cls, count: int) -> "Machine":
        """Divide the cores if more are left for the servers than none, and else let both use all."""
        allowed = tuple(sorted(os.sched_getaffinity(0)))
        if count < len(allowed):
            return cls(Cores.divided(count), is_shared=False)
        return cls(Cores(allowed * (count // len(allowed)) + allowed[: count % len(allowed)], allowed), is_shared=True)

    def limit(self, loads: Sequence[LoadResult]) -> str:
        """Return what kept the rate from being higher, in most of the loads."""
        busy = [(load.server_cpu_ns or 0) / load.elapsed_ns for load in loads]
        if 2 * sum(load.saturated for load in loads) >= len(loads):
            return "the engine"
        if self.is_shared:
            return "the shared cores"
        if 2 * sum(one >= BUSY * len(self.cores.servers) for one in busy) >= len(loads):
            return "the server"
        return "the number of connections"


def compare(machine: Machine, supervisor: Supervisor, options: argparse.Namespace, family: Family) -> str:
    """Compare one thread with as many as the machine has cores for the engine; return lines about it."""
    count = len(machine.cores.engine)

    def side(threads: int) -> LoadResult:
        cores = Cores(machine.cores.engine[:threads], machine.cores.servers)
        loads = Loads(supervisor, options.seconds, cores=cores, connections=CONNECTIONS * count)
        return loads.on("bench.scaling:serve", family=family, may_poll=not machine.is_shared)

    pairs = list(alternating(functools.partial(side, count), functools.partial(side, 1), options.pairs))
    several, one = zip(*pairs, strict=True)
    return (
        f"{count} threads to 1 over {family}, {len(pairs)} pairs:\n"
        f"    requests/s {_ratio(several, one, _rate)}\n"
        f"    requests per CPU second of the engine {_ratio(several, one, _efficiency)}\n"
        f"    limit with 1 thread: {machine.limit(one)}; with {count}: {machine.limit(several)}"
    )


def main() -> None:
    """Compare over every family, and print the ratios with what limited the rates."""
    parser = argparse.ArgumentParser(prog="python -m bench.scaling", description=__doc__)
    parser.add_argument("threads", nargs="*", type=int, help="numbers of threads (default: 2, 4 … half of the cores)")
    parser.add_argument("--pairs", type=int, default=10, help="pairs for each comparison (default: 10)")
    parser.add_argument("--seconds", type=float, default=0.5, help="duration of a trial (default: 0.5)")
    options = parser.parse_args()
    if any(not 2 <= count <= MAX_THREADS for count in options.threads):
        parser.error(
            f"a number of threads must be from 2 to {MAX_THREADS}, as one thread is what they are compared with"
        )
    rlimits.raise_limit()  # the engine and the server inherit it
    with Supervisor() as supervisor:
        for count in options.threads or _default_counts():
            machine = Machine.with_threads(count)
            cores = machine.cores
            where = f"engine on {named(cores.engine)}, server on {named(cores.servers)}"
            print(f"{where}, {plural(CONNECTIONS * count, 'connection')}")
            for family in FAMILIES:
                print(compare(machine, supervisor, options, family), flush=True)


def _default_counts() -> list[int]:
    """Return the powers of two up to half of the cores, and 2 in any case."""
    half = len(os.sched_getaffinity(0)) // 2
    return [2**power for power in range(1, max(2, half.bit_length()))]


def _ratio(ones: Sequence[LoadResult], others: Sequence[LoadResult], figure: Callable[[LoadResult], float]) -> Ratio:
    return paired_values([(figure(one), figure(other)) for one, other in zip(ones, others, strict=True)])


def _rate(load: LoadResult) -> float:
    return load.requests / load.elapsed_ns


def _efficiency(load: LoadResult) -> float:
    return load.requests / load.engine_cpu_ns


if __name__ == "__main__":
    main()
