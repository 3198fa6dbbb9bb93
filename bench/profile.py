"""``python -m bench.profile``: where the CPU time of a request goes in a server, according to Linux's ``perf``.

``perf`` samples the server under load. The CPU time of a request is divided in proportion to the samples: the kernel;
``bytes.upper``, which is the work itself; the rest of the interpreter; extension modules and the C library. Sampling
makes a thread switch several times as expensive as a request, which would distort the profile of a server with many
threads, so such servers are profiled only if they are named.
"""

import argparse
import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

from bench.loads import Loads
from upecho.net.address import Family
from upecho.processes.supervisor import Supervisor

SERVERS = ("native", "selectors", "asyncio-protocol", "asyncio-buffered", "asyncio")
FAMILIES = (Family.INET, Family.UNIX)
PARTS = ("kernel", "upper", "interpreter", "libraries")
SAMPLES_PER_SECOND = 4000
END_SECONDS = 10.0


def part_of(module: str, symbol: str) -> str:
    """Return the part that a sample belongs to.

    Args:
        module: Name of the shared object that was running.
        symbol: Name of the function that was running.
    """
    if "kernel" in module or symbol.startswith("[k]"):
        return "kernel"
    if "python" in module and ".cpython-" not in module:
        return "upper" if "bytes_upper" in symbol else "interpreter"
    return "libraries"


def profile(loads: Loads, target: str, family: Family) -> tuple[float, dict[str, float]]:
    """Return the CPU time of a request in nanoseconds, and the share of each part."""
    data = Path(loads.supervisor.directory) / f"{target}-{family.value}.perf"
    with loads.serving(target, family) as server:
        sample = ["perf", "record", "-q", "-e", "cpu-clock", "-F", str(SAMPLES_PER_SECOND), "-o", str(data)]
        perf = loads.supervisor.start([*sample, "-p", str(server.child.pid)])
        load = loads.put(server.address, server.child.tree)
        perf.send_signal(signal.SIGINT)
        perf.wait(END_SECONDS)
        perf.close()
    report = ["perf", "report", "-i", str(data), "--stdio", "-t", "\t", "--sort", "dso,symbol", "-F", "sample,dso,sym"]
    lines = subprocess.run(report, check=True, capture_output=True, text=True).stdout.splitlines()
    counts: Counter[str] = Counter()
    for line in lines:
        if line.strip() and not line.startswith("#"):
            samples, module, symbol, *_ = (field.strip() for field in line.split("\t"))
            counts[part_of(module, symbol)] += int(samples)
    assert load.server_cpu_ns
    return load.server_cpu_ns / load.requests, {part: counts[part] / counts.total() for part in PARTS}


def main() -> None:
    """Profile every server over every family, and print microseconds of CPU time per request."""
    parser = argparse.ArgumentParser(prog="python -m bench.profile", description=__doc__)
    parser.add_argument("servers", nargs="*", default=SERVERS, help=f"names of servers (default: {' '.join(SERVERS)})")
    parser.add_argument("--seconds", type=float, default=2.0, help="duration of each load (default: 2)")
    options = parser.parse_args()
    if not shutil.which("perf"):
        sys.exit("cannot find Linux's perf; install it (Debian: apt install linux-perf)")
    print(f"{'CPU µs/request':24} {'all':>11}", *(f"{part:>11}" for part in PARTS))
    with Supervisor() as supervisor:
        loads = Loads(supervisor, options.seconds)
        for family in FAMILIES:
            for target in options.servers:
                cost_ns, shares = profile(loads, target, family)
                figures = [f"{cost_ns / 1e3 * share:11.2f}" for share in (1.0, *shares.values())]
                print(f"{target + ' over ' + family.value:24}", *figures, flush=True)


if __name__ == "__main__":
    main()
