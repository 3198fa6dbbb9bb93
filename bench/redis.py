"""``python -m bench.redis``: requests per CPU second of the native load engine, relative to redis-benchmark.

Both keep 64 connections busy with one request in flight on each, and receive as much as they send: the engine from the
native server, and redis-benchmark from redis-server, with the command ``ECHO``. Each client has one core, its server
the others, and neither busy-polls. The CPU time of redis-benchmark is the difference of two runs of different length,
so that its start does not count. It does not compare what it receives.
"""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence

from bench.loads import THROUGHPUT, Loads
from bench.pairs import compare
from upecho.net.address import Address, Family
from upecho.net.ports import unused
from upecho.processes.server_process import Launch
from upecho.processes.starting import start_server
from upecho.processes.supervisor import Supervisor
from upecho.serving.target import Target

VOLATILE = "--save '' --appendonly no --daemonize no"
SERVERS = {  # the arguments of redis-server, and the option of redis-benchmark for the address
    Family.INET: (f"--bind {{host}} --port {{port}} {VOLATILE}", "-p"),
    Family.UNIX: (f"--port 0 --unixsocket {{path}} {VOLATILE}", "-s"),
}
FEW = 1000  # requests of the shorter run


class Clients:
    """Measures the requests per CPU second of both clients."""

    def __init__(self, loads: Loads, family: Family, requests: int) -> None:
        self._loads = loads
        self._family = family
        self._requests = requests

    def engine(self) -> float:
        """Measure the engine on the native server."""
        load = self._loads.on("native", family=self._family, may_poll=False)
        return load.requests / load.engine_cpu_ns * 1e9

    def redis_benchmark(self) -> float:
        """Measure redis-benchmark on redis-server."""
        supervisor, cores = self._loads.supervisor, self._loads.cores
        arguments, option = SERVERS[self._family]
        address = str(unused(Address.parse(supervisor.new_address(self._family))))
        where = [option, address.rpartition(":")[2]]
        launch = Launch(Target.parse(f"cmd:redis-server {arguments}"), address, cores=cores.servers)
        with start_server(supervisor, launch):
            few, many = (self._seconds(where, count) for count in (FEW, FEW + self._requests))
        return self._requests / (many - few)

    def _seconds(self, where: Sequence[str], requests: int) -> float:
        """Return the CPU time of one run of redis-benchmark in seconds."""
        command = ["redis-benchmark", *where, "-c", str(THROUGHPUT.connections), "-n", str(requests), "-q"]
        echo = ["ECHO", "x" * THROUGHPUT.message_size]
        with subprocess.Popen([*command, *echo], stdout=subprocess.DEVNULL) as client:
            os.sched_setaffinity(client.pid, self._loads.cores.engine)
            _, status, used = os.wait4(client.pid, 0)
            client.returncode = os.waitstatus_to_exitcode(status)
        if client.returncode:
            sys.exit(f"redis-benchmark ended with exit status {client.returncode}")
        return used.ru_utime + used.ru_stime


def main() -> None:
    """Measure over both families, and print the ratios."""
    parser = argparse.ArgumentParser(prog="python -m bench.redis", description=__doc__)
    parser.add_argument("--pairs", type=int, default=20, help="pairs for each family (default: 20)")
    parser.add_argument("--seconds", type=float, default=0.5, help="duration of a trial of the engine (default: 0.5)")
    parser.add_argument("--requests", type=int, default=50_000, help="requests of redis-benchmark (default: 50 000)")
    options = parser.parse_args()
    if missing := [name for name in ("redis-server", "redis-benchmark") if not shutil.which(name)]:
        sys.exit(f"cannot find {' and '.join(missing)}; install redis (Debian: apt install redis-server redis-tools)")
    with Supervisor() as supervisor:
        for family in SERVERS:
            clients = Clients(Loads(supervisor, options.seconds), family, options.requests)
            ratio = compare(clients.engine, clients.redis_benchmark, options.pairs)
            print(f"engine to redis-benchmark over {family}, requests per CPU second: {ratio}, {options.pairs} pairs")


if __name__ == "__main__":
    main()
