"""``python -m upecho.load``: the engine in a process of its own. A job per line in, a result per line out.

It ends with its stdin, and so with whoever gives it the jobs.
"""

import functools
import gc
import json
import sys
from dataclasses import asdict

from upecho.load.engine import engine
from upecho.load.plan import Job
from upecho.net.address import Address
from upecho.processes import procfs, rlimits


def main() -> None:
    """Carry out jobs until there are no more."""
    rlimits.raise_limit()
    gc.disable()  # a collection would show up as latency of the server; there are no cycles to collect
    for line in sys.stdin:
        job = Job.from_json(line)
        meter = functools.partial(procfs.use, job.server_group) if job.server_group else None
        result = engine(job.engine)(Address.parse(job.address), job.plan, meter)
        sys.stdout.write(json.dumps(asdict(result)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
