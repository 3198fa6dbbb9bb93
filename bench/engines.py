"""``python -m bench.engines``: the time per request with the Python load engine, relative to the native one.

A ratio above 1 means that the native engine got more out of the server. Each pair is two trials, each with a fresh
server and a fresh engine.
"""

import argparse

from bench.loads import THROUGHPUT, Loads
from bench.pairs import compare
from upecho.load.plan import LoadResult
from upecho.net.address import Family
from upecho.processes.supervisor import Supervisor
from upecho.serving import inventory

FAMILIES = (Family.INET, Family.UNIX)


def _elapsed_ns(load: LoadResult) -> float:
    return load.elapsed_ns / load.requests


def servers() -> list[str]:
    """Return the names of the servers that can serve as many clients as the load has."""
    rows = [row for row in inventory.implementations() if not row.naive and not row.unavailable]
    return [row.name for row in rows if row.max_clients is None or row.max_clients >= THROUGHPUT.connections]


def main() -> None:
    """Measure every server over every family, and print the ratios."""
    parser = argparse.ArgumentParser(prog="python -m bench.engines", description=__doc__)
    parser.add_argument("servers", nargs="*", help="names of servers (default: all)")
    parser.add_argument("--pairs", type=int, default=6, help="pairs for each server and family (default: 6)")
    parser.add_argument("--seconds", type=float, default=0.3, help="duration of a trial (default: 0.3)")
    options = parser.parse_args()
    with Supervisor() as supervisor:
        loads = Loads(supervisor, options.seconds)
        for name in options.servers or servers():
            for family in FAMILIES:
                ratio = compare(
                    lambda: _elapsed_ns(loads.on(name, engine="python", family=family)),  # noqa: B023 (called at once)
                    lambda: _elapsed_ns(loads.on(name, engine="native", family=family)),  # noqa: B023
                    options.pairs,
                )
                print(f"{name:24} {family.value:8} {ratio}", flush=True)


if __name__ == "__main__":
    main()
