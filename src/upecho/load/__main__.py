"""``python -m upecho.load``: a load engine in its own process, which reads a job per line and writes a result per line.

The process ends at the end of stdin, that is when the process ends that gives it the jobs.
"""

import gc
import json
import sys
from dataclasses import asdict, replace

from upecho.load.engine import engine
from upecho.load.plan import Job
from upecho.load.server_meter import ServerMeter
from upecho.net.address import Address
from upecho.processes import rlimits


def main() -> None:
    """Carry out jobs until the end of stdin."""
    rlimits.raise_limit()
    gc.disable()  # a collection would look like latency of the server, and there are no cycles to collect
    for line in sys.stdin:
        job = Job.from_json(line)
        address = Address.parse(job.address)
        meter = ServerMeter(job.scope, address) if job.scope else None
        result = engine(job.engine)(address, job.plan, meter)
        if meter:
            result = replace(result, workers=meter.workers(result.requests, job.plan.message_size))
        sys.stdout.write(json.dumps(asdict(result)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
