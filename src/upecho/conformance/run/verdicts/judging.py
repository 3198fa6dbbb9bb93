"""Turns the end of a test function into a verdict, and a verdict into the outcome that pytest shows."""

import contextlib
import errno
import shlex
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from upecho.conformance.check import Level
from upecho.conformance.findings import Explanation, Fault, Recorded
from upecho.conformance.harness.launcher import Launcher
from upecho.conformance.harness.violation import NotReached, Unsupported, Violation
from upecho.conformance.run.verdicts.outcome import Outcome, Verdict
from upecho.processes import rlimits
from upecho.support.errors import HarnessError, Unavailable, UpechoError
from upecho.support.text import printable

# A server may use one process or thread for each client, and of those that it was refused, many may be left a moment
# later: it has ended, or another worker, whose check had more than a thousand clients, is done.
ENOUGH_PROCESSES = 1200


def violation_in(call: pytest.CallInfo[None]) -> Violation | None:
    """Return the violation that ended a test; any other exception is a fault of the harness."""
    raised = call.excinfo.value if call.excinfo else None
    return raised if isinstance(raised, Violation) else None


@contextlib.contextmanager
def blaming_process_limit() -> Iterator[None]:
    """Turn a violation into an error if the system may have refused a server another process or thread.

    Raises:
        HarnessError: The check has failed, and this user may start only few more processes and threads.
    """
    try:
        yield
    except Violation:
        rlimits.expect_processes(ENOUGH_PROCESSES, "a verdict")
        raise


def verdict_of(call: pytest.CallInfo[None]) -> Verdict:
    """Return the verdict for the way in which a test ended."""
    if call.excinfo is None:
        return Verdict.PASSED
    if violation := violation_in(call):
        return Verdict.NOT_RUN if isinstance(violation, NotReached) else Verdict.FAILED
    is_unsupported = isinstance(call.excinfo.value, pytest.skip.Exception | Unsupported | Unavailable)
    return Verdict.UNSUPPORTED if is_unsupported else Verdict.ERROR


def unsupported_in(call: pytest.CallInfo[None]) -> str:
    """Return what a check found to be lacking; empty if it found nothing of that kind."""
    raised = call.excinfo.value if call.excinfo else None
    if isinstance(raised, Unavailable):
        return str(raised)
    return raised.reason if isinstance(raised, Unsupported) else ""


def explained(outcome: Outcome, call: pytest.CallInfo[None], launcher: Launcher | None) -> Outcome:
    """Return the outcome with the reason why the check did not pass.

    Args:
        outcome: The outcome.
        call: How the test ended.
        launcher: What started the servers of the check; None if not even that was possible.
    """
    violation = violation_in(call)
    if call.excinfo and outcome.verdict is Verdict.ERROR:
        return replace(outcome, fault=fault_of(call.excinfo.value))
    if violation is None or launcher is None:
        return outcome
    violation = launcher.explained(violation)
    if isinstance(violation, NotReached):
        outcome = replace(outcome, cause=violation.cause, follows_from=violation.follows_from)
    return replace(outcome, explanation=_explanation(outcome, violation, launcher))


def _explanation(outcome: Outcome, violation: Violation, launcher: Launcher) -> Explanation:
    notes = getattr(violation, "__notes__", [])
    earlier = launcher.earlier_checks()
    return Explanation(
        expected=violation.expected,
        seen=violation.seen,
        end=violation.end,
        note=" ".join("; ".join(notes).split()),
        wire=launcher.log.wire(),
        stderr=tuple(launcher.stderr()),
        earlier_checks=tuple(earlier),
        repeat=_repeat(outcome, earlier),
    )


def _repeat(outcome: Outcome, earlier: Sequence[str]) -> str:
    """Return the command that runs a check again, after the earlier checks that may have led to its failure."""
    command = f"upecho check {shlex.quote(outcome.target)} --family {outcome.family}"
    checks = " ".join(f"--check {check}" for check in [*earlier, outcome.check])
    return f"{command} --jobs 1 {checks}" if earlier else f"{command} {checks}"


def fault_of(raised: BaseException) -> Fault:
    """Return what kept a check from a verdict; the location is given only for an unforeseen exception."""
    if isinstance(raised, OSError) and raised.errno == errno.EMFILE:
        raised = HarnessError(rlimits.too_few("this check"))
    if isinstance(raised, UpechoError):
        return Fault(printable(" ".join(str(raised).split())))
    message = printable(" ".join(f"{type(raised).__name__}: {raised}".split()))
    last = traceback.extract_tb(raised.__traceback__)[-1]
    return Fault(message, f"{last.name}, {Path(last.filename).name}:{last.lineno}")


def as_declared(outcome: Outcome, reason: str) -> Outcome:
    """Return the outcome of a check that the target declares not to support, whether or not it passed."""
    if outcome.verdict is Verdict.ERROR:
        return outcome
    works = outcome.verdict is Verdict.PASSED
    return replace(
        outcome, verdict=Verdict.UNSUPPORTED, unsupported=reason, works_anyway=works, cause="", follows_from=()
    )


def as_information(outcome: Outcome) -> Outcome:
    """Return the outcome of an INFO check, which cannot fail: a failed one passes without a value."""
    if outcome.verdict is not Verdict.FAILED:
        return outcome
    return replace(outcome, verdict=Verdict.PASSED, recorded=Recorded(text="none"))


def show_in_pytest(report: pytest.TestReport, outcome: Outcome, complaint: str, *, strict: bool) -> None:
    """Give a test the outcome that its verdict implies: nothing that does not fail the run is a failed test.

    Args:
        report: The report of the test, which is changed.
        outcome: The verdict.
        complaint: What to do about a known failure that did not occur; empty if there is none.
        strict: Whether a failed SHOULD check fails the run.
    """
    if outcome.is_stale:
        report.outcome, report.longrepr = "failed", complaint
    elif outcome.verdict is Verdict.PASSED and report.when == "setup":  # a passed setup would run the test
        report.outcome, report.longrepr = "skipped", (outcome.check, 0, _recorded(outcome))
    elif outcome.verdict is Verdict.PASSED:
        report.outcome, report.longrepr = "passed", None
    elif outcome.verdict is Verdict.UNSUPPORTED and not outcome.works_anyway:
        report.outcome, report.longrepr = "skipped", (outcome.check, 0, f"unsupported: {outcome.unsupported}")
    elif outcome.verdict is Verdict.ERROR and outcome.level is Level.LATER:
        message = outcome.fault.message if outcome.fault else ""
        report.outcome, report.longrepr = "skipped", (outcome.check, 0, f"error, not scored: {message}")
    elif outcome.verdict in (Verdict.FAILED, Verdict.NOT_RUN) and not outcome.fails(strict=strict):
        report.outcome, report.wasxfail = "skipped", outcome.known or report.longreprtext


def _recorded(outcome: Outcome) -> str:
    """Say why an INFO check, whose server did not start, recorded nothing."""
    return f"recorded: none: {outcome.explanation.seen}" if outcome.explanation else "recorded: none"
