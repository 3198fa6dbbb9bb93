"""What has to hold before a run: enough cores, usable targets, and a listener at each address."""

import os
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from upecho.conformance.harness.clients.connection import TIMEOUT_SECONDS
from upecho.conformance.run.runner import JOBS_PER_CORE
from upecho.net import connecting
from upecho.processes.child import END_SECONDS, Child
from upecho.processes.ending import ended
from upecho.processes.interpreter import Interpreter
from upecho.processes.supervisor import Supervisor
from upecho.serving import registry
from upecho.serving.loading.declarations import Declared
from upecho.serving.target import COMMAND, Kind, Target
from upecho.serving.trial import Report, Step, decode
from upecho.support import timeouts
from upecho.support.errors import CallerError
from upecho.support.tracebacks import important_lines

TRIAL_SECONDS = 5.0  # for the import of a target and the construction of its loop; the slowest that we know take 1 s
TRIALS_PER_CORE = 4  # with more trials at the same time, slow imports on a small machine would exceed the deadline
POLL_INTERVAL_SECONDS = 0.05  # between two looks at whether a trial has ended, since its child may hold the pipe open
TRY = "from upecho.serving.trial import main; main()"


def expect_cores(jobs: int) -> None:
    """Make sure that there are enough cores: with too many jobs, correct servers fail because they answer too late.

    Raises:
        CallerError: There are too many jobs.
    """
    most = JOBS_PER_CORE * (os.cpu_count() or 1)
    if jobs > most:
        why = f"{JOBS_PER_CORE} per core; with more, correct servers fail because they answer too late"
        raise CallerError(f"--jobs is {jobs}; it must be at most {most} here, {why}")


@dataclass(frozen=True)
class Tried:
    """What was found out about the targets that have code of others.

    Attributes:
        unusable: The reason in a few words for each target whose code cannot be used.
        declared: What the module of each other target declares, except of those that do not exist.
    """

    unusable: Mapping[str, str]
    declared: Mapping[str, Declared]


def tried(texts: Iterable[str], interpreters: Sequence[Interpreter] = ()) -> Tried:
    """Try the targets that have code of others.

    Each of them is imported, and its event loop constructed, in a process of its own: either may crash, exit or hang,
    and a module may do to its process whatever it wants, such as start a thread, handle signals or replace the standard
    library. ``Target.parse`` needs what it declares, so that it does not import it into this process, and reports a
    target that does not exist.

    Args:
        texts: The targets as the user wrote them.
        interpreters: Pythons that run the servers; by default, the one that runs upecho. A target is usable if one of
            them can use it, and its module declares what it declares for the first of these.

    Raises:
        HarnessError: No process could be started.
    """
    found = [_tried(texts, one) for one in interpreters] or [_tried(texts)]
    declared: dict[str, Declared] = {}
    for one in found:
        declared = {**one.declared, **declared}
    unusable = {text: reason for one in found for text, reason in one.unusable.items() if text not in declared}
    return Tried(unusable, declared)


def _tried(texts: Iterable[str], interpreter: Interpreter | None = None) -> Tried:
    foreign = [text for text in dict.fromkeys(texts) if not _runs_only_our_code(text)]
    if not foreign:
        return Tried({}, {})
    at_once = TRIALS_PER_CORE * (os.cpu_count() or 1)
    last: dict[str, Report] = {}
    with Supervisor() as supervisor:
        for start in range(0, len(foreign), at_once):
            deadline = time.monotonic() + timeouts.scaled(TRIAL_SECONDS)
            trials = {text: _trial(supervisor, text, interpreter) for text in foreign[start : start + at_once]}
            last |= {text: _last_report(child, deadline) for text, child in trials.items()}
    return Tried(
        unusable={text: report.reason for text, report in last.items() if report.reason},
        declared={text: report.declared for text, report in last.items() if report.declared},
    )


def _runs_only_our_code(text: str) -> bool:
    if text.startswith(COMMAND) or Target.is_address(text):
        return True
    name, _, loop = text.partition("+")
    return name in registry.BUILT_IN_NAMES and loop in ("", "asyncio")


def _trial(supervisor: Supervisor, text: str, interpreter: Interpreter | None) -> Child:
    here = [sys.executable, "-P", "-c", TRY, text]
    child = supervisor.start(interpreter.command(supervisor.directory, TRY, text) if interpreter else here)
    child.stdin.close()
    return child


def _last_report(child: Child, deadline: float) -> Report:
    """Return what a trial has found out.

    What it has reported is read after the deadline as well, which another trial may have used up.
    """
    report = Report(Step.IMPORT)
    while report.step is not Step.END:
        is_alive, is_late = child.is_alive(), time.monotonic() >= deadline
        line = child.read_line(POLL_INTERVAL_SECONDS)
        if line is None and not is_alive:
            return Report(Step.END, f"{report.step} failed: a process that tried it {_how_ended(child)}")
        if line is None and is_late:
            return Report(Step.END, f"{report.step} failed: it takes longer than {timeouts.scaled(TRIAL_SECONDS):g} s")
        if line is None:
            child.wait(POLL_INTERVAL_SECONDS)  # the end of the pipe is read at once
        report = decode(line or "") or report
    return report


def _how_ended(child: Child) -> str:
    last = "".join(f": {line}" for line in important_lines(child.stderr())[-1:])
    return ended(child.wait(END_SECONDS)) + last


def expect_listeners(targets: Iterable[Target]) -> None:
    """Make sure that a server listens at each address, so that a server that is not running fails no check.

    Raises:
        AddressError: No server listens at an address.
    """
    for target in targets:
        if target.kind is Kind.ADDRESS:
            connecting.connect(target.address(), timeouts.scaled(TIMEOUT_SECONDS)).close()
