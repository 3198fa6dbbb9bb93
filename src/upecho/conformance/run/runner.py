"""Runs the suite for several targets and families in worker processes, and collects their verdicts.

Theory of operation
===================

Each worker is a child process that runs pytest for one share of the checks: one target, one family, some checks. It is
forked from a process that has loaded pytest and the suite. It never runs code of its target, which only the server
processes do. A worker writes one JSON object per line to a pipe; the runner waits for all pipes in a selector.

If there are more jobs than pairs of target and family, several workers divide the checks of a pair, each with a server
of its own. A check that runs last, such as ``quiet-stderr``, judges what happened before it in its own worker, so every
worker of the pair runs it. The runner holds such outcomes back until the last one has arrived and yields the worst.

The end of a worker is observed in two ways. Usually its pipe reaches end of file. But another process may have
inherited the pipe and keep it open, so the runner also polls whether the worker is alive. A worker that ends without a
verdict for each check of its share, writes anything else than its verdicts, or gives no verdict for a long time, is a
fault of the harness. The checks that it still had to run get the verdict ``error`` with the reason, and all other
workers go on.

Why not pytest-xdist: its workers all collect the same tests, so each of them imports every target. A target that ends
its process while it is imported therefore ends all workers, and the run stops without any test and without the name of
the target. A worker that dies later is reported against the check that it happened to run, which may belong to another
target. Its workers are not children of the supervisor: after SIGKILL of the main process, a blocked worker lives on for
about five seconds and a temporary directory remains. A check that judges what happened before it sees the server of one
worker only, so its verdict would depend on the distribution of the tests. To separate the targets again would take a
scheduler, targets that are imported late and a rule for merging verdicts, which is what this module and ``shares`` are.

What the runner does not do: it does not stop a check that takes long. Every wait inside a check has a deadline.
"""

import json
import os
import selectors
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from upecho.conformance.check import Check
from upecho.conformance.findings import Fault
from upecho.conformance.run.given import Given
from upecho.conformance.run.selection import Pair
from upecho.conformance.run.shares import Share, divide
from upecho.conformance.run.verdicts.outcome import Identity, Outcome, Verdict
from upecho.net.address import Family
from upecho.processes.child import END_SECONDS, Child
from upecho.processes.ending import ended
from upecho.processes.interpreter import Interpreter
from upecho.processes.supervisor import Supervisor
from upecho.support import decoding, timeouts
from upecho.support.errors import HarnessError
from upecho.support.text import printable

Kind = TypeVar("Kind")

SEVERITY = [Verdict.UNSUPPORTED, Verdict.PASSED, Verdict.NOT_RUN, Verdict.FAILED, Verdict.ERROR]
MODULE = "upecho.conformance.run.worker"
LONGEST_SILENCE_SECONDS = 60.0  # several times as long as any check takes
MAX_SHOWN_BYTES = 60  # of a line that is not a verdict
POLL_INTERVAL_SECONDS = 0.1  # how often the runner looks for workers that ended without closing their pipe, or hang
JOBS_PER_CORE = 4  # checks spend most of their time waiting; with more, correct servers would answer too late


@dataclass(eq=False)
class Worker:
    """A child process that runs one share.

    Attributes:
        child: The process.
        share: The checks that it runs.
        pending: What the verdicts that have not arrived yet are about.
        fault: Why the remaining verdicts will not arrive, as far as that is known before the process has ended.
    """

    child: Child
    share: Share
    pending: list[Identity]
    fault: Fault | None = None
    _incomplete: bytes = b""
    _heard: float = field(default_factory=time.monotonic)

    def outcomes_in(self, data: bytes) -> Iterator[Outcome]:
        """Yield the outcomes that are complete after ``data``, the next bytes from the pipe.

        Anything else than a pending verdict is a fault, and nothing after it counts.
        """
        self._heard = time.monotonic()
        *lines, self._incomplete = (self._incomplete + data).split(b"\n")
        for line in lines:
            outcome = _read(Outcome, line)
            if self.fault:
                return
            if outcome and outcome.identity in self.pending:
                self.pending.remove(outcome.identity)
                yield outcome
            else:
                self.fault = _read(Fault, line) or _stray(line)

    def is_lost(self) -> bool:
        """Whether the process has ended, has written something else than its verdicts, or seems to hang."""
        if not self.fault and time.monotonic() - self._heard > timeouts.scaled(LONGEST_SILENCE_SECONDS):
            self.fault = Fault(f"the worker process gave no verdict for {timeouts.scaled(LONGEST_SILENCE_SECONDS):g} s")
        return bool(self.fault) or not self.child.is_alive()

    def end(self) -> Iterator[Outcome]:
        """End the process, and yield an outcome that says why for each verdict that has not arrived."""
        status = None if self.fault else self.child.wait(END_SECONDS)
        stderr = self.child.stderr().strip().splitlines()[-1:]
        self.child.close()
        done = len(self.share.checks) - len(self.pending)
        how = f"the worker process {ended(status)} after {done} of {len(self.share.checks)} checks"
        fault = self.fault or Fault(printable(": ".join([how, *stderr])))
        for one in self.pending:
            level = self.share.levels()[one.check]
            yield Outcome(one.target, one.family, one.check, level, Verdict.ERROR, 0.0, fault=fault)


class Runner:
    """Runs the checks that are due for each pair of target and family."""

    def __init__(
        self,
        pairs: Sequence[Pair],
        checks: Sequence[Check],
        *,
        jobs: int | None = None,
        python: Interpreter | None = None,
        run_all: bool = False,
    ) -> None:
        """Prepare a run.

        Args:
            pairs: The targets, with the families to check them over.
            checks: The checks, with their levels in this run; those that are not due for a pair are left out.
            jobs: Number of workers that run at the same time; None means four per core.
            python: The interpreter that runs implementations; None means the one that runs this process.
            run_all: Whether every check is run, even if a target answers nothing or failed checks take long.
        """
        self._python = python
        self._options = ["--upecho-all"] if run_all else []
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
            HarnessError: A worker could not be started. Failures that were held back until then are yielded first.
        """
        try:
            with Supervisor(MODULE) as supervisor, selectors.DefaultSelector() as running:
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
            lost = {key.fd for key in running.get_map().values() if key.data.is_lost()}
            readable = {key.fd for key, _ in running.select(POLL_INTERVAL_SECONDS)}
            for fd in readable | lost | cancelled:
                worker = running.get_key(fd).data
                if self._is_cancelled(worker.share):
                    running.unregister(fd)
                    worker.child.close()
                    continue
                data = os.read(fd, 65536) if fd in readable else b""
                for outcome in worker.outcomes_in(data):
                    yield from self._merged(outcome)
                if not data or worker.fault:
                    running.unregister(fd)
                    for outcome in worker.end():
                        yield from self._merged(outcome)

    def _is_cancelled(self, share: Share) -> bool:
        return (share.target.text, share.family) in self._cancelled

    def _start(self, supervisor: Supervisor) -> Worker:
        share = self._waiting.popleft()
        given = Given(share.target, share.levels(), self._python, str(supervisor.directory))
        child = supervisor.fork([given.to_json(), *share.options(), *self._options])
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


def _read(kind: type[Kind], line: bytes) -> Kind | None:
    """Return the object on a line of JSON, or None if the line is something else."""
    try:
        return decoding.build(kind, json.loads(line))
    except (ValueError, RecursionError):
        return None


def _stray(line: bytes) -> Fault:
    start = line[:MAX_SHOWN_BYTES].decode(errors="backslashreplace")
    return Fault(f"the worker process wrote something other than a verdict: {start!r}")
