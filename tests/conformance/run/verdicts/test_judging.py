"""How the end of a test becomes a verdict, and a verdict the outcome of a test."""

import errno
import re
from typing import Literal

import pytest

from upecho.conformance.check import Level
from upecho.conformance.findings import Explanation, Fault, Recorded
from upecho.conformance.harness.violation import Unsupported, Violation
from upecho.conformance.run.verdicts.judging import (
    as_declared,
    as_information,
    blaming_process_limit,
    fault_of,
    show_in_pytest,
    unsupported_in,
    verdict_of,
)
from upecho.conformance.run.verdicts.outcome import Outcome, Verdict
from upecho.net.address import Family
from upecho.processes import rlimits
from upecho.support.errors import HarnessError, Unavailable

VIOLATION = Violation("FIN", "RST")
EXPLANATION = Explanation("FIN", "RST")


def call(raised: BaseException | None) -> pytest.CallInfo[None]:
    def end() -> None:
        if raised:
            raise raised

    return pytest.CallInfo.from_call(end, "call")


def outcome(verdict: Verdict, level: Level = Level.MUST, known: str = "") -> Outcome:
    explanation = EXPLANATION if verdict is Verdict.FAILED else None
    return Outcome("selectors", Family.INET, "half-close", level, verdict, 0.0, explanation, known=known)


def shown(one: Outcome, *, strict: bool = False, when: Literal["setup", "call"] = "call") -> tuple[str, str]:
    """Return the outcome that pytest shows for a test, and the reason."""
    report = pytest.TestReport("test", ("test", 0, "test"), {}, "failed", "boom", when)
    show_in_pytest(report, one, "remove it", strict=strict)
    if hasattr(report, "wasxfail"):
        return f"xfailed {report.outcome}", report.wasxfail
    return report.outcome, report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longreprtext


@pytest.mark.parametrize(
    ("raised", "verdict"),
    [
        (None, Verdict.PASSED),
        (VIOLATION, Verdict.FAILED),
        (pytest.skip.Exception("declared"), Verdict.UNSUPPORTED),
        (Unavailable("it is hidden"), Verdict.UNSUPPORTED),
        (ExceptionGroup("several", [VIOLATION]), Verdict.ERROR),
        (AssertionError(), Verdict.ERROR),
        (TimeoutError(), Verdict.ERROR),
    ],
)
def test_only_a_violation_is_a_failure(raised: BaseException | None, verdict: Verdict) -> None:
    assert verdict_of(call(raised)) is verdict


def test_foreseen_fault_has_a_message_on_one_line() -> None:
    assert fault_of(HarnessError("no\nprocess")) == Fault("no process")
    assert fault_of(HarnessError("\x1b[2J")) == Fault("\\x1b[2J")


def test_lack_of_descriptors_is_reported_with_advice() -> None:
    assert "raises the first" in fault_of(OSError(errno.EMFILE, "Too many open files")).message


def test_unforeseen_fault_has_a_location() -> None:
    info = call(ValueError("odd")).excinfo
    assert info
    fault = fault_of(info.value)
    assert fault.message == "ValueError: odd"
    assert re.fullmatch(r"end, test_judging.py:\d+", fault.location)


@pytest.mark.parametrize(
    ("verdict", "then", "works"),
    [
        (Verdict.PASSED, Verdict.UNSUPPORTED, True),
        (Verdict.FAILED, Verdict.UNSUPPORTED, False),
        (Verdict.UNSUPPORTED, Verdict.UNSUPPORTED, False),
        (Verdict.ERROR, Verdict.ERROR, False),
    ],
)
def test_check_declared_unsupported_cannot_fail(verdict: Verdict, then: Verdict, works: bool) -> None:
    one = as_declared(outcome(verdict), "it serves at most 1 client")
    assert (one.verdict, one.works_anyway) == (then, works)
    assert bool(one.unsupported) == (then is Verdict.UNSUPPORTED)


def test_info_check_cannot_fail() -> None:
    one = as_information(outcome(Verdict.FAILED, Level.INFO))
    assert (one.verdict, one.recorded, one.explanation) == (Verdict.PASSED, Recorded(text="none"), EXPLANATION)
    assert as_information(outcome(Verdict.ERROR, Level.INFO)).verdict is Verdict.ERROR


@pytest.mark.parametrize(
    ("one", "how"),
    [
        (outcome(Verdict.PASSED), ("passed", "")),
        (outcome(Verdict.FAILED), ("failed", "boom")),
        (outcome(Verdict.FAILED, Level.SHOULD), ("xfailed skipped", "boom")),
        (outcome(Verdict.FAILED, known="no FIN"), ("xfailed skipped", "no FIN")),
        (outcome(Verdict.PASSED, known="no FIN"), ("failed", "remove it")),
        (outcome(Verdict.PASSED, Level.SHOULD, known="no FIN"), ("failed", "remove it")),
        (as_declared(outcome(Verdict.FAILED), "it is limited"), ("skipped", "unsupported: it is limited")),
        (outcome(Verdict.UNSUPPORTED, known="no FIN"), ("failed", "remove it")),
        (outcome(Verdict.ERROR), ("failed", "boom")),
        (outcome(Verdict.ERROR, known="no FIN"), ("failed", "boom")),
    ],
)
def test_pytest_fails_only_what_fails_the_run(one: Outcome, how: tuple[str, str]) -> None:
    assert shown(one) == how


def test_info_check_whose_server_did_not_start_is_skipped() -> None:
    one = as_information(outcome(Verdict.FAILED, Level.INFO))
    assert shown(one, when="setup") == ("skipped", "recorded: none: RST")


def test_failed_should_check_fails_a_strict_run() -> None:
    assert shown(outcome(Verdict.FAILED, Level.SHOULD), strict=True) == ("failed", "boom")
    assert shown(outcome(Verdict.FAILED, Level.SHOULD, known="slow"), strict=True) == ("xfailed skipped", "slow")


def test_check_can_find_that_something_is_lacking() -> None:
    lacking = call(Unsupported("no queue"))
    assert (verdict_of(lacking), unsupported_in(lacking)) == (Verdict.UNSUPPORTED, "no queue")
    assert unsupported_in(call(VIOLATION)) == unsupported_in(call(None)) == ""


@pytest.mark.parametrize(("left", "expected"), [(None, Violation), (1200, Violation), (1199, HarnessError)])
def test_failure_at_the_limit_of_processes_is_blamed_on_the_machine(
    left: int | None, expected: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rlimits, "processes_left", lambda: left)
    with pytest.raises(expected), blaming_process_limit():
        raise Violation("a reply", "none")
