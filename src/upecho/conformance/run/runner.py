"""Runs the suite for several targets and families in worker processes, and collects their verdicts.

Theory of operation
===================

Each worker is a child process that runs pytest for one share of the checks: one target, one family, some checks. Two
targets therefore never share an interpreter, and a target whose module kills its process, or blocks in it, costs one
share and not the run. A worker writes one JSON object per line to a pipe; the runner waits for all pipes in a selector.

If there are more jobs than pairs of target and family, several workers divide the checks of a pair, each with a server
of its own. A check that runs last, such as ``quiet-stderr``, judges what happened before it in its own worker, so every
worker of the pair runs it. The runner holds such outcomes back until the last one has arrived and yields the worst.

The end of a worker is observed in two ways. Usually its pipe reaches end of file. But a process that the module of a
target started may have inherited the pipe and keep it open, so the runner also polls whether the worker is alive. A
worker that ended without a verdict for each check of its share, or that wrote anything else than its verdicts, is a
fault of the harness or of the code in the target's module: it never becomes a verdict about the target.

Why not pytest-xdist: its workers all collect the same tests, so each of them imports every target. A target that ends
its process while it is imported therefore ends all workers, and the run stops without any test and without the name of
the target. A worker that dies later is reported against the check that it happened to run, which may belong to another
target. Its workers are not children of the supervisor: after SIGKILL of the main process, a blocked worker lives on for
about five seconds and a temporary directory remains. A check that judges what happened before it sees the server of one
worker only, so its verdict would depend on the distribution of the tests. To separate the targets again would take a
scheduler, targets that are imported late and a rule for merging verdicts, which is what this module and ``shares`` are.

What the runner does not do: it does not stop a check that hangs. Every wait inside a check has a deadline; only an
import of the target that hangs in a worker has none, and ``preconditions`` tries that import beforehand.
"""

import os
import re
import selectors
import sys
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from upecho.conformance.check import Check
from upecho.conformance.harness.violation import how_ended
from upecho.conformance.run.outcome import Identity, Outcome, Verdict
from upecho.conformance.run.selection import Pair
from upecho.conformance.run.shares import Share, divide
from upecho.net.address import Family
from upecho.processes.child import Child
from upecho.processes.interpreter import Interpreter
from upecho.processes.server_process import END_SECONDS
from upecho.processes.supervisor import Supervisor
from upecho.support.errors import HarnessError

COMPLETED = {0, 1, 5}  # pytest's exit statuses when all tests passed, some did not, or none was due
SEVERITY = [Verdict.UNSUPPORTED, Verdict.PASSED, Verdict.NOT_RUN, Verdict.FAILED, Verdict.ERROR]
REASON = re.compile(r"^(?:ERROR: |(?:INTERNALERROR> )?(?=[\w.]*(?:Error|Exception)(?::|$)))(.+)", re.MULTILINE)
MAX_SHOWN_BYTES = 60  # of a line that is not a verdict
POLL_INTERVAL_SECONDS = 0.1  # how often the runner looks for workers that ended without closing their pipe
JOBS_PER_CORE = 2  # checks spend half of their time waiting


@dataclass(eq=False)
class Worker:
    """A child process that runs one share.

    Attributes:
        child: The process.
        share: The checks that it runs.
        pending: What the verdicts that have not arrived yet are about.
    """

    child: Child
    share: Share
    pending: list[Identity]
    _incomplete: bytes = b""

    def outcomes_in(self, data: bytes) -> Iterator[Outcome]:
        """Yield the outcomes that are complete after ``data``, the next bytes from the pipe.

        Raises:
            HarnessError: A line is not one of the pending verdicts: code of the target wrote to the pipe.
        """
        *lines, self._incomplete = (self._incomplete + data).split(b"\n")
        for line in lines:
            outcome = _outcome_on(line)
            if outcome is None or outcome.identity not in self.pending:
                start = line[:MAX_SHOWN_BYTES].decode(errors="backslashreplace")
                raise HarnessError(f"a worker checking {self.share} wrote something other than a verdict: {start!r}")
            self.pending.remove(outcome.identity)
            yield outcome

    def end(self) -> None:
        """Wait for the process to end, and release it.

        Raises:
            HarnessError: It could not run the suite, or ended before its last verdict.
        """
        status = self.child.wait(END_SECONDS)
        stderr = self.child.stderr()
        self.child.close()
        due = len(self.share.checks)
        done = due - len(self.pending)
        if self.pending or status not in COMPLETED:
            reasons = REASON.findall(stderr) if status not in COMPLETED or not done else []
            why = f": {reasons[-1]}" if reasons else ""
            raise HarnessError(f"a worker checking {self.share} {how_ended(status)} after {done} of {due} checks{why}")


class Runner:
    """Runs the checks that are due for each pair of target and family."""

    def __init__(
        self,
        pairs: Sequence[Pair],
        checks: Sequence[Check],
        *,
        jobs: int | None = None,
        python: Interpreter | None = None,
    ) -> None:
        """Prepare a run.

        Args:
            pairs: The targets, with the families to check them over.
            checks: The checks; those that are not due for a pair are left out.
            jobs: Number of workers that run at the same time; None means two per core.
            python: The interpreter that runs implementations; None means the one that runs this process.
        """
        self._options = [] if python is None else [f"--upecho-python={python.executable}"]
        self._jobs = jobs or JOBS_PER_CORE * (os.cpu_count() or 1)
        self._waiting = deque(divide(pairs, checks, self._jobs))
        self._expected = Counter(identity for share in self._waiting for identity in share.identities())
        self._held: dict[Identity, Outcome] = {}
        self._cancelled: set[tuple[str, Family]] = set()

    def cancel(self, target: str, family: Family) -> None:
        """Stop checking a target over a family; call this between two outcomes."""
        self._cancelled.add((target, family))
        self._waiting = deque(share for share in self._waiting if not self._is_cancelled(share))

    def outcomes(self) -> Iterator[Outcome]:
        """Yield each outcome as soon as it is known.

        Closing the iterator early ends the workers and everything that they started.

        Raises:
            HarnessError: A worker failed. Failures that were held back until then are yielded first.
        """
        try:
            with Supervisor() as supervisor, selectors.DefaultSelector() as running:
                yield from self._run(supervisor, running)
        except HarnessError:
            yield from (held for held in self._held.values() if held.verdict in (Verdict.FAILED, Verdict.ERROR))
            raise

    def _run(self, supervisor: Supervisor, running: selectors.BaseSelector) -> Iterator[Outcome]:
        while self._waiting or running.get_map():
            while self._waiting and len(running.get_map()) < self._jobs:
                worker = self._start(supervisor)
                running.register(worker.child.stdout, selectors.EVENT_READ, worker)
            cancelled = {key.fd for key in running.get_map().values() if self._is_cancelled(key.data.share)}
            ended = {key.fd for key in running.get_map().values() if not key.data.child.is_alive()}
            readable = {key.fd for key, _ in running.select(POLL_INTERVAL_SECONDS)}
            for fd in readable | ended | cancelled:
                worker = running.get_key(fd).data
                if self._is_cancelled(worker.share):
                    running.unregister(fd)
                    worker.child.close()
                    continue
                data = os.read(fd, 65536) if fd in readable else b""
                for outcome in worker.outcomes_in(data):
                    yield from self._merged(outcome)
                if not data:
                    running.unregister(fd)
                    worker.end()

    def _is_cancelled(self, share: Share) -> bool:
        return (share.target.text, share.family) in self._cancelled

    def _start(self, supervisor: Supervisor) -> Worker:
        share = self._waiting.popleft()
        program = [sys.executable, "-P", "-m", "upecho.conformance.run.worker"]
        child = supervisor.start([*program, *share.options(), *self._options])
        return Worker(child, share, list(share.identities()))

    def _merged(self, outcome: Outcome) -> Iterator[Outcome]:
        """Yield the worst outcome of a check that several workers run, once the last of them has arrived."""
        identity = outcome.identity
        self._expected[identity] -= 1
        worst = max(self._held.pop(identity, outcome), outcome, key=lambda one: SEVERITY.index(one.verdict))
        if self._expected[identity]:
            self._held[identity] = worst
        else:
            yield worst


def _outcome_on(line: bytes) -> Outcome | None:
    """Return the outcome on a line, or None if the line is something else."""
    try:
        return Outcome.from_json(line.decode())
    except (ValueError, RecursionError):
        return None
