"""Runs the suite for many targets and families, some at a time, each in a pytest process of its own."""

import os
import selectors
import sys
from collections import deque
from collections.abc import Iterator, Sequence

from upecho.address import Family
from upecho.conformance.verdicts import Outcome
from upecho.errors import HarnessError
from upecho.process import Child, Supervisor
from upecho.server_process import END_SECONDS
from upecho.target import Target

FAILURES = 1  # of tests; also how Python ends when the worker itself fails
RAN = {0, FAILURES, 5}  # pytest's exit statuses when all tests passed, some did not, or none was due
JOBS_PER_CORE = 2  # half the time of a check goes by in watching that nothing happens


class Runner:
    """Runs one worker for each pair of target and family, with further ``options`` of the plugin.

    Ending the iteration early, by an exception or by breaking out of it, ends the workers and what they have started.
    """

    def __init__(
        self, pairs: Sequence[tuple[Target, Family]], options: Sequence[str] = (), jobs: int | None = None
    ) -> None:
        self._waiting = deque(pairs)
        self._options = options
        self._jobs = jobs or JOBS_PER_CORE * (os.cpu_count() or 1)
        self._partial: dict[Child, bytes] = {}
        self._heard: set[Child] = set()

    def outcomes(self) -> Iterator[Outcome]:
        """Yield each outcome as soon as it is known.

        Raises:
            HarnessError: a worker could not run the suite.
        """
        with Supervisor() as supervisor, selectors.DefaultSelector() as running:
            while self._waiting or running.get_map():
                while self._waiting and len(running.get_map()) < self._jobs:
                    child = self._start(supervisor)
                    running.register(child.stdout, selectors.EVENT_READ, child)
                for key, _ in running.select():
                    child = key.data
                    data = os.read(child.stdout.fileno(), 65536)
                    yield from self._outcomes_in(child, data)
                    if not data:
                        running.unregister(child.stdout)
                        self._end(child)

    def _start(self, supervisor: Supervisor) -> Child:
        target, family = self._waiting.popleft()
        # hypothesis keeps files, and would keep them in the current folder.
        setting = f"HYPOTHESIS_STORAGE_DIRECTORY={supervisor.folder}/hypothesis"
        worker = [sys.executable, "-P", "-m", "upecho.conformance.worker"]
        pair = [f"--target={target.text}", f"--family={family.value}"]
        child = supervisor.start(["/usr/bin/env", setting, *worker, *pair, *self._options])
        self._partial[child] = b""
        return child

    def _outcomes_in(self, child: Child, data: bytes) -> Iterator[Outcome]:
        *lines, self._partial[child] = (self._partial[child] + data).split(b"\n")
        for line in lines:
            self._heard.add(child)
            yield Outcome.from_json(line.decode())

    def _end(self, child: Child) -> None:
        status = child.wait(END_SECONDS)
        said = child.stderr()
        child.close()
        if status not in RAN or (status == FAILURES and child not in self._heard):
            lines = [line for line in said.splitlines() if line.strip()]
            raise HarnessError(f"the suite could not run: {lines[-1] if lines else f'exit status {status}'}")
