"""``python -m bench.workers``: the request rate of ``prefork`` with two workers, relative to one worker.

Server and load engine may use every core, so on two cores the workers share them with the engine.
"""

import argparse
import os
import socket

from bench.loads import THROUGHPUT, Loads
from bench.pairs import compare
from upecho.measure.cores import Cores
from upecho.net.address import Family
from upecho.processes.supervisor import Supervisor
from upecho.servers import prefork
from upecho.serving.contract import Stop

FAMILIES = (Family.INET, Family.UNIX)


def one(listener: socket.socket, stop: Stop) -> None:
    """Serve with one worker."""
    prefork.serve(listener, stop, 1)


def two(listener: socket.socket, stop: Stop) -> None:
    """Serve with two workers."""
    prefork.serve(listener, stop, 2)


def main() -> None:
    """Measure over every family, and print the ratios."""
    parser = argparse.ArgumentParser(prog="python -m bench.workers", description=__doc__)
    parser.add_argument("--pairs", type=int, default=10, help="pairs for each family (default: 10)")
    parser.add_argument("--seconds", type=float, default=0.5, help="duration of a trial (default: 0.5)")
    parser.add_argument(
        "--message-size",
        type=int,
        default=THROUGHPUT.message_size,
        help="size of each request in bytes (default: %(default)s)",
    )
    options = parser.parse_args()
    all_cores = Cores((), tuple(range(os.cpu_count() or 1)))
    with Supervisor() as supervisor:
        loads = Loads(supervisor, options.seconds, cores=all_cores, message_size=options.message_size)
        for family in FAMILIES:

            def rate(target: str, family: Family = family) -> float:
                load = loads.on(f"bench.workers:{target}", family=family)
                return load.requests / load.elapsed_ns * 1e9

            ratio = compare(lambda: rate("two"), lambda: rate("one"), options.pairs)
            print(f"two workers to one over {family}, requests/s: {ratio}, {options.pairs} pairs", flush=True)


if __name__ == "__main__":
    main()
