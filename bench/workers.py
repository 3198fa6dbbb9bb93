"""``python -m bench.workers``: how many more requests two workers of ``prefork`` serve than one.

Server and load engine may use every core here: on two cores each worker has what the engine leaves of one.
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

OVER = (Family.INET, Family.UNIX)


def one(listener: socket.socket, stop: Stop) -> None:
    """Serve with one worker."""
    prefork.serve(listener, stop, 1)


def two(listener: socket.socket, stop: Stop) -> None:
    """Serve with two workers."""
    prefork.serve(listener, stop, 2)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.workers", description=__doc__)
    parser.add_argument("--pairs", type=int, default=10, help="of trials, for each family (default: 10)")
    parser.add_argument("--seconds", type=float, default=0.5, help="of load in a trial (default: 0.5)")
    parser.add_argument(
        "--message-size", type=int, default=THROUGHPUT.message_size, help="bytes (default: %(default)s)"
    )
    options = parser.parse_args()
    everywhere = Cores((), tuple(range(os.cpu_count() or 1)))
    with Supervisor() as supervisor:
        loads = Loads(supervisor, options.seconds, everywhere, options.message_size)
        for family in OVER:

            def rate(target: str, family: Family = family) -> float:
                load = loads.on(f"bench.workers:{target}", "native", family)
                return load.requests / load.elapsed_ns * 1e9

            ratio = compare(lambda: rate("two"), lambda: rate("one"), options.pairs)
            print(f"two workers to one over {family.value}, requests/s: {ratio}, {options.pairs} pairs", flush=True)


if __name__ == "__main__":
    main()
