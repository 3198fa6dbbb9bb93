"""``python -m bench.bare``: the CPU time of the native engine and server, relative to minimal loops.

The bare client neither compares nor times replies; the bare server handles no error. Both are compiled by this program,
with the same compiler and optimisation level as the extension. Each pair is two trials with fresh processes, and
the ratio is that of CPU time per request.
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from bench.loads import THROUGHPUT, WARM_UP_SECONDS, Loads
from bench.pairs import compare
from upecho.net.address import Address
from upecho.processes.linux import procfs
from upecho.processes.supervisor import Supervisor
from upecho.serving.listener import listening
from upecho.serving.settings import Settings


class Bare:
    """Measures the CPU time per request of clients and servers, in nanoseconds."""

    def __init__(self, loads: Loads) -> None:
        self._loads = loads
        self._directory = Path(loads.supervisor.directory)
        for name in ("client", "server"):
            source = Path(__file__).with_name(f"{name}.c")
            subprocess.run([os.environ.get("CC", "cc"), "-O3", "-o", self._directory / name, source], check=True)

    def native_client(self) -> float:
        """Measure the engine on the native server, without busy-polling, which the bare client does not do either."""
        load = self._loads.on("native", may_poll=False)
        return load.engine_cpu_ns / load.requests

    def bare_client(self) -> float:
        """Measure the bare client on the native server."""
        load = (str(THROUGHPUT.connections), str(THROUGHPUT.message_size))
        with self._loads.serving("native") as server:
            port = str(server.address).rpartition(":")[2]
            for seconds in (WARM_UP_SECONDS, self._loads.seconds):
                command = [str(self._directory / "client"), port, *load, str(seconds)]
                client = self._loads.supervisor.start(command, self._loads.cores.engine)
                replies, cpu_ns = map(int, (client.read_line(60) or "").split())
                client.close()
        return cpu_ns / replies

    def native_server(self) -> float:
        """Measure the native server under the engine."""
        load = self._loads.on("native")
        assert load.server_cpu_ns
        return load.server_cpu_ns / load.requests

    def bare_server(self) -> float:
        """Measure the bare server under the engine."""
        with listening(Address.parse("127.0.0.1:0"), Settings()) as listener:
            os.set_inheritable(listener.fileno(), True)
            command = [str(self._directory / "server"), str(listener.fileno())]
            with subprocess.Popen(command, pass_fds=[listener.fileno()], start_new_session=True) as server:
                try:
                    os.sched_setaffinity(server.pid, self._loads.cores.servers)
                    load = self._loads.put(Address.of(listener), server.pid)
                finally:
                    server.kill()
        assert load.server_cpu_ns
        return load.server_cpu_ns / load.requests


def main() -> None:
    """Measure both comparisons, and print the ratios."""
    parser = argparse.ArgumentParser(prog="python -m bench.bare", description=__doc__)
    parser.add_argument("--pairs", type=int, default=30, help="pairs for each comparison (default: 30)")
    parser.add_argument("--seconds", type=float, default=0.5, help="duration of a trial (default: 0.5)")
    options = parser.parse_args()
    if not procfs.AVAILABLE or not shutil.which(os.environ.get("CC", "cc")):
        sys.exit("this program needs Linux and a C compiler; set CC, or install one (Debian: apt install gcc)")
    with Supervisor() as supervisor:
        bare = Bare(Loads(supervisor, options.seconds))
        for name, one, other in (
            ("engine to bare client, CPU per request", bare.native_client, bare.bare_client),
            ("native server to bare server, CPU per request", bare.native_server, bare.bare_server),
        ):
            print(f"{name}: {compare(one, other, options.pairs)}, {options.pairs} pairs")


if __name__ == "__main__":
    main()
