"""``python -m upecho.load``: a load engine in its own process, which reads a job per line and writes a result per line.

The process ends at the end of stdin, that is when the process ends that gives it the jobs.
"""

import contextlib
import gc
import json
import sys
from dataclasses import asdict, replace

from upecho.load.call_meter import CallMeter
from upecho.load.engine import engine
from upecho.load.plan import Job, LoadResult
from upecho.load.server_meter import ServerMeter
from upecho.net.address import Address
from upecho.processes import rlimits


def main() -> None:
    """Carry out jobs until the end of stdin."""
    rlimits.raise_limit()
    gc.disable()  # a collection would look like latency of the server, and there are no cycles to collect
    for line in sys.stdin:
        job = Job.from_json(line)
        sys.stdout.write(json.dumps(asdict(_result(job))) + "\n")
        sys.stdout.flush()


def _result(job: Job) -> LoadResult:
    """Carry out a job."""
    run, address = engine(job.engine), Address.parse(job.address)
    if not job.scope:
        return run(address, job.plan)
    if job.system_calls:
        with contextlib.closing(CallMeter(job.scope, job.system_calls)) as calls:
            result = run(address, job.plan, calls)
        return replace(result, server=replace(result.server, system_calls=calls.calls)) if result.server else result
    meter = ServerMeter(job.scope, address)
    result = run(address, job.plan, meter)
    return replace(result, workers=meter.workers(result.requests, job.plan.message_size))


if __name__ == "__main__":
    main()
