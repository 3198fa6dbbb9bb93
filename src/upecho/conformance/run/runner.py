"""Runs the suite for many targets and families, some at a time, each in a pytest process of its own."""

import os
import re
import selectors
import signal
import sys
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from upecho.conformance.check import Check
from upecho.conformance.run.outcome import Outcome, Verdict
from upecho.conformance.run.shares import Identity, Share, deal
from upecho.net.address import Family
from upecho.processes.interpreter import Interpreter
from upecho.processes.server_process import END_SECONDS, READY_SECONDS
from upecho.processes.supervisor import Child, Supervisor
from upecho.serving import registry
from upecho.serving.target import Target
from upecho.support import timeouts
from upecho.support.errors import CallerError, HarnessError

RAN = {0, 1, 5}  # pytest's exit statuses when all tests passed, some did not, or none was due
GRAVITY = [Verdict.UNSUPPORTED, Verdict.PASSED, Verdict.FAILED, Verdict.ERROR]
REASON = re.compile(r"^(?:ERROR: |(?:INTERNALERROR> )?(?=[\w.]*(?:Error|Exception)(?::|$)))(.+)", re.MULTILINE)
LONGEST_GARBAGE = 60  # bytes of it that are shown
POLL_INTERVAL_SECONDS = 0.1  # between two looks at what makes no event
JOBS_PER_CORE = 2  # half the time of a check goes by in watching that nothing happens
MOST_JOBS_PER_CORE = 4

IMPORTED = 64  # no status that a process ends with by chance
TRIAL = f"""
import contextlib, os, sys
os.dup2(2, 1)
from upecho.support.errors import CallerError
from upecho.serving.target import Target
with contextlib.suppress(CallerError):
    Target.parse(sys.argv[1])
os._exit({IMPORTED})
"""


def expect_cores(jobs: int) -> None:
    """Make sure that servers which behave pass: where too many checks run at a time, answers come too late.

    Raises:
        CallerError: there are too few cores for so many jobs.
    """
    most = MOST_JOBS_PER_CORE * (os.cpu_count() or 1)
    if jobs > most:
        why = f"{MOST_JOBS_PER_CORE} for each core; with more, servers that behave fail for want of time"
        raise CallerError(f"--jobs is {jobs}; it must be at most {most} here, {why}")


def expect_imports(targets: Iterable[str]) -> None:
    """Make sure that the modules of targets can be imported here: what may end or stop a process is tried in others.

    Raises:
        CallerError: one does; any other mistake is for the import to find.
    """
    built_in = {row.name for row in registry.BUILT_IN}
    timeout = timeouts.scaled(READY_SECONDS)
    foreign = [text for text in targets if text.partition("+")[0] not in built_in]
    if not foreign:
        return
    with Supervisor() as supervisor:
        trials = {text: supervisor.start([sys.executable, "-P", "-c", TRIAL, text]) for text in foreign}
        for text, child in trials.items():
            status = child.wait(timeout)
            if status is None:
                raise CallerError(f"{text}: broken: importing it takes longer than {timeout:g} s")
            if status != IMPORTED:
                raise CallerError(f"{text}: broken: a process that imported it {_how(status)}")


@dataclass(eq=False)
class Worker:
    """A pytest process, and what it has still to say."""

    child: Child
    share: Share
    owed: list[Identity]
    partial: bytes = b""

    def outcomes_in(self, data: bytes) -> Iterator[Outcome]:
        """Yield those that are complete with what it has written next.

        Raises:
            HarnessError: something else was written: by the code of a target, as nobody else is in that process.
        """
        *lines, self.partial = (self.partial + data).split(b"\n")
        for line in lines:
            outcome = _outcome_on(line)
            if outcome is None or _identity(outcome) not in self.owed:
                start = line[:LONGEST_GARBAGE].decode(errors="backslashreplace")
                raise HarnessError(f"a worker checking {self.share} wrote what is no verdict of its own: {start!r}")
            self.owed.remove(_identity(outcome))
            yield outcome

    def end(self) -> None:
        """End it.

        Raises:
            HarnessError: it could not run the suite, or did not come to its end.
        """
        status = self.child.wait(END_SECONDS)
        said = self.child.stderr()
        self.child.close()
        due = len(self.share.checks)
        made = due - len(self.owed)
        if self.owed or status not in RAN:
            reasons = REASON.findall(said) if status not in RAN or not made else []
            why = f": {reasons[-1]}" if reasons else ""
            raise HarnessError(
                f"a worker checking {self.share} {_how(status)} when it had made {made} of {due} checks{why}"
            )


class Runner:
    """Runs those of the checks that are due for each pair of target and family.

    There is a worker for each pair. If the pairs are fewer than the jobs, then each has several workers, and servers,
    that share its checks; except where somebody else started the one server, which may serve a single client only.
    All of upecho's own servers are run by the interpreter ``python``, by default this one.
    Ending the iteration early, by an exception or by breaking out of it, ends the workers and what they have started.
    """

    def __init__(
        self,
        pairs: Sequence[tuple[Target, Family]],
        checks: Sequence[Check],
        jobs: int | None = None,
        python: Interpreter | None = None,
    ) -> None:
        self._options = [] if python is None else [f"--server-python={python.executable}"]
        self._jobs = jobs or JOBS_PER_CORE * (os.cpu_count() or 1)
        self._waiting = deque(deal(pairs, checks, self._jobs))
        self._to_come = Counter(key for share in self._waiting for key in share.identities())
        self._held: dict[Identity, Outcome] = {}

    def outcomes(self) -> Iterator[Outcome]:
        """Yield each outcome as soon as it is known.

        Raises:
            HarnessError: a worker could not run the suite, or was lost; first, what others have found wrong is yielded.
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
            ended = {key.fd for key in running.get_map().values() if not key.data.child.is_alive()}
            readable = {key.fd for key, _ in running.select(POLL_INTERVAL_SECONDS)}
            for fd in readable | ended:
                worker = running.get_key(fd).data
                # A process that a target's module has started may keep the pipe open for ever.
                data = os.read(fd, 65536) if fd in readable else b""
                for outcome in worker.outcomes_in(data):
                    yield from self._last_of_its_kind(outcome)
                if not data:
                    running.unregister(fd)
                    worker.end()

    def _start(self, supervisor: Supervisor) -> Worker:
        share = self._waiting.popleft()
        program = [sys.executable, "-P", "-m", "upecho.conformance.run.worker"]
        child = supervisor.start([*program, *share.options(), *self._options])
        return Worker(child, share, list(share.identities()))

    def _last_of_its_kind(self, outcome: Outcome) -> Iterator[Outcome]:
        """Yield the gravest outcome of a check that several workers make, when the last of them has made it."""
        key = _identity(outcome)
        self._to_come[key] -= 1
        gravest = max(self._held.pop(key, outcome), outcome, key=lambda one: GRAVITY.index(one.verdict))
        if self._to_come[key]:
            self._held[key] = gravest
        else:
            yield gravest


def _identity(outcome: Outcome) -> Identity:
    return outcome.target, outcome.family, outcome.check


def _outcome_on(line: bytes) -> Outcome | None:
    """Return the outcome on a line, or None if there is none."""
    try:
        return Outcome.from_json(line.decode())
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _how(status: int | None) -> str:
    if status is None:
        return "closed its stdout, and did not end,"
    names = {-number: number.name for number in signal.Signals}
    return f"was killed by {names.get(status, status)}" if status < 0 else f"ended with status {status}"
