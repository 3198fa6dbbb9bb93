"""How what happened in a test function becomes a verdict, and how pytest shows it."""

import errno
import traceback
from dataclasses import replace
from pathlib import Path

import pytest

from upecho.conformance.harness.violation import Violation
from upecho.conformance.run.outcome import LABEL_WIDTH, Outcome, Verdict
from upecho.processes import rlimits
from upecho.support.errors import HarnessError


def violation_in(call: pytest.CallInfo[None]) -> Violation | None:
    """Return what the target did wrong; any other exception is the harness's own trouble."""
    raised = call.excinfo.value if call.excinfo else None
    if isinstance(raised, BaseExceptionGroup):  # how hypothesis reports what it could not make happen again
        return next((one for one in raised.exceptions if isinstance(one, Violation)), None)
    return raised if isinstance(raised, Violation) else None


def verdict_of(call: pytest.CallInfo[None], violation: Violation | None) -> Verdict:
    """Return what it means for a check to have ended so."""
    if call.excinfo is None:
        return Verdict.PASSED
    if violation is not None:
        return Verdict.FAILED
    return Verdict.UNSUPPORTED if isinstance(call.excinfo.value, pytest.skip.Exception) else Verdict.ERROR


def trouble(call: pytest.CallInfo[None]) -> str:
    """Return what kept a check from a verdict, on one line, and, unless that was foreseen, where it came from."""
    assert call.excinfo
    raised = call.excinfo.value
    if isinstance(raised, OSError) and raised.errno == errno.EMFILE:
        raised = HarnessError(rlimits.too_few("this check"))
    line = " ".join(f"{'error':{LABEL_WIDTH}}{type(raised).__name__}: {raised}".splitlines())
    if isinstance(raised, HarnessError):
        return line
    last = traceback.extract_tb(raised.__traceback__)[-1]
    return f"{line}\n{'in':{LABEL_WIDTH}}{last.name}, {Path(last.filename).name}:{last.lineno}"


def as_declared(outcome: Outcome, declined: str) -> Outcome:
    """Return the outcome of a check that the target declares not to support; it may have passed all the same."""
    if outcome.verdict is Verdict.ERROR:
        return outcome
    works = outcome.verdict is Verdict.PASSED
    return replace(outcome, verdict=Verdict.UNSUPPORTED, detail=declined, works_anyway=works)


def as_information(outcome: Outcome, violation: Violation | None) -> Outcome:
    """Return the outcome of a check that cannot fail: what was seen instead of a value is recorded."""
    if violation is None or outcome.verdict is not Verdict.FAILED:
        return outcome
    return replace(outcome, verdict=Verdict.PASSED, detail="", recorded=(f"none: {violation.seen}", ""))


def show_in_pytest(report: pytest.TestReport, outcome: Outcome, complaint: str, *, strict: bool) -> None:
    """Make of a test what its outcome is: what does not fail the run is no failure.

    ``complaint`` says what to do about an outcome that is known to be a failure and is none.
    """
    if outcome.is_stale:
        report.outcome, report.longrepr = "failed", complaint
    elif outcome.verdict is Verdict.PASSED and report.when == "setup":  # what has passed there is gone on with
        report.outcome, report.longrepr = "skipped", (outcome.check, 0, f"recorded: {(outcome.recorded or '?')[0]}")
    elif outcome.verdict is Verdict.PASSED:
        report.outcome, report.longrepr = "passed", None
    elif outcome.verdict is Verdict.UNSUPPORTED and not outcome.works_anyway:
        report.outcome, report.longrepr = "skipped", (outcome.check, 0, f"unsupported: {outcome.detail}")
    elif outcome.verdict is Verdict.FAILED and not outcome.fails(strict=strict):
        report.outcome, report.wasxfail = "skipped", outcome.known or outcome.detail
