"""A load engine in a process of its own, seen from the harness."""

import json
import sys
from collections.abc import Collection
from dataclasses import replace

from upecho.load.plan import Job, LoadResult
from upecho.processes.ending import ended
from upecho.processes.supervisor import Supervisor
from upecho.support import timeouts
from upecho.support.decoding import build
from upecho.support.errors import HarnessError

POLL_SECONDS = 100e-6  # most servers reply sooner
SLACK_SECONDS = 10.0  # after the deadline of the plan, for imports, percentiles and the transfer of the result


class EngineProcess:
    """A load engine that runs until its supervisor ends."""

    def __init__(self, supervisor: Supervisor, cores: Collection[int] = (), *, may_poll: bool = True) -> None:
        """Start the engine.

        Args:
            supervisor: Supervisor of the process.
            cores: Processor cores that belong to the engine alone, each for one of its threads; empty if it shares them
                with the servers, and has one thread.
            may_poll: Whether the engine may busy-poll before it sleeps, which it does only on cores of its own.
        """
        self._poll_seconds = POLL_SECONDS if cores and may_poll else 0.0
        self._threads = max(1, len(cores))
        self._child = supervisor.start([sys.executable, "-P", "-m", "upecho.load"], cores)

    def run(self, job: Job) -> LoadResult:
        """Carry out a job.

        Raises:
            HarnessError: The engine ended, or returned no result in time.
        """
        timeout = self.start(job)
        result = self.result(timeout)
        if result is None:
            raise self._ended(f"returned no result within {timeout:.0f} s")
        return result

    def start(self, job: Job) -> float:
        """Begin with a job, and return within how many seconds there has to be a result.

        Raises:
            HarnessError: The engine has ended.
        """
        plan = replace(job.plan, poll_seconds=self._poll_seconds, threads=self._threads)
        job = replace(job, plan=plan)
        try:
            self._child.stdin.write(job.to_json().encode() + b"\n")
        except BrokenPipeError:
            raise self._ended() from None
        return job.plan.deadline_seconds + timeouts.scaled(SLACK_SECONDS)

    def result(self, timeout: float) -> LoadResult | None:
        """Return the result of the job that was begun; None if it does not come in time.

        Args:
            timeout: Seconds to wait.

        Raises:
            HarnessError: The engine ended.
        """
        line = self._child.read_line(timeout)
        if line is None and not self._child.is_alive():
            raise self._ended()
        return None if line is None else build(LoadResult, json.loads(line))

    def close(self) -> None:
        """Kill the engine."""
        self._child.close()

    def _ended(self, otherwise: str = "accepts no more jobs") -> HarnessError:
        status = self._child.wait(1.0)
        last_line = self._child.stderr().strip().splitlines()[-1:] or ["no output on stderr"]
        self._child.kill()
        how = otherwise if status is None else ended(status)
        return HarnessError(last_line[0], subject=f"the load engine {how}")
