"""``python -m bench.engines``: how much longer a request takes the Python engine than the native one, on each server.

Above 1 the native engine got more out of the server. Each pair is two trials with a fresh server and a fresh engine.
"""

import argparse

from bench.loads import THROUGHPUT, Loads
from bench.pairs import compare
from upecho.load.plan import LoadResult
from upecho.net.address import Family
from upecho.processes.supervisor import Supervisor
from upecho.serving import inventory, registry

FAMILIES = (Family.INET, Family.UNIX)


def _elapsed_ns(load: LoadResult) -> float:
    return load.elapsed_ns / load.requests


def servers() -> list[str]:
    """Return the servers that serve as many clients as the load has."""
    rows = [row for row in inventory.implementations() if not row.naive and not row.unavailable]
    most = {row.name: registry.load(row.name).max_clients for row in rows}
    return [name for name, clients in most.items() if clients is None or clients >= THROUGHPUT.connections]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.engines", description=__doc__)
    parser.add_argument("servers", nargs="*", help="by name (default: all)")
    parser.add_argument("--pairs", type=int, default=6, help="of trials, for each server and family (default: 6)")
    parser.add_argument("--seconds", type=float, default=0.3, help="of load in a trial (default: 0.3)")
    options = parser.parse_args()
    with Supervisor() as supervisor:
        loads = Loads(supervisor, options.seconds)
        for name in options.servers or servers():
            for family in FAMILIES:
                ratio = compare(
                    lambda: _elapsed_ns(loads.on(name, "python", family)),  # noqa: B023 (called at once)
                    lambda: _elapsed_ns(loads.on(name, "native", family)),  # noqa: B023
                    options.pairs,
                )
                print(f"{name:24} {family.value:8} {ratio}", flush=True)


if __name__ == "__main__":
    main()
