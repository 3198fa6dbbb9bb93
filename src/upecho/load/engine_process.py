"""The harness's end of an engine that runs in a process of its own."""

import json
import sys
from collections.abc import Collection
from dataclasses import replace

from upecho.load.plan import Job, LoadResult
from upecho.processes.supervisor import Supervisor
from upecho.support import timeouts
from upecho.support.decoding import build
from upecho.support.errors import HarnessError

POLL_SECONDS = 100e-6  # longer than most servers take for a reply
SLACK_SECONDS = 10.0  # beyond the deadline of the plan: to import, to sort latencies, to print the result


class EngineProcess:
    """A load engine; it lives until its supervisor ends. On cores of its own it polls before it sleeps, if it may."""

    def __init__(self, supervisor: Supervisor, cores: Collection[int] = (), *, may_poll: bool = True) -> None:
        self._poll_seconds = POLL_SECONDS if cores and may_poll else 0.0
        self._child = supervisor.start([sys.executable, "-P", "-m", "upecho.load"], cores)

    def run(self, job: Job) -> LoadResult:
        """Carry out a job.

        Raises:
            HarnessError: the engine died, or gave no result in time.
        """
        job = replace(job, plan=replace(job.plan, poll_seconds=self._poll_seconds))
        try:
            self._child.stdin.write(job.to_json().encode() + b"\n")
        except BrokenPipeError:
            raise self._ended() from None
        timeout = job.plan.deadline_seconds + timeouts.scaled(SLACK_SECONDS)
        line = self._child.read_line(timeout)
        if line is None:
            raise self._ended(f"gave no result within {timeout:.0f} s")
        return build(LoadResult, json.loads(line))

    def close(self) -> None:
        """End the engine now."""
        self._child.close()

    def _ended(self, otherwise: str = "takes no more jobs") -> HarnessError:
        status = self._child.wait(1.0)
        said = self._child.stderr().strip().splitlines()
        self._child.kill()
        how = otherwise if status is None else f"ended with status {status}"
        return HarnessError(f"the load engine {how}: {said[-1] if said else 'no word on stderr'}")
