"""How what happened becomes a verdict, and a verdict a test's outcome."""

import errno
import re
from typing import Literal

import pytest

from upecho.conformance.harness.violation import Violation
from upecho.conformance.run.judging import (
    as_declared,
    as_information,
    show_in_pytest,
    trouble,
    verdict_of,
    violation_in,
)
from upecho.conformance.run.outcome import Outcome, Verdict
from upecho.support.errors import HarnessError

VIOLATION = Violation("FIN", "RST")


def call(raised: BaseException | None) -> pytest.CallInfo[None]:
    def happen() -> None:
        if raised:
            raise raised

    return pytest.CallInfo.from_call(happen, "call")


def outcome(verdict: Verdict, level: str = "MUST", known: str = "") -> Outcome:
    return Outcome("selectors", "inet", "half-close", level, verdict, "detail", 0.0, known=known)


def shown(one: Outcome, *, strict: bool = False, when: Literal["setup", "call"] = "call") -> tuple[str, str]:
    """Return how pytest counts a test, and why."""
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
        (ExceptionGroup("hypothesis", [ValueError(), VIOLATION]), Verdict.FAILED),
        (pytest.skip.Exception("declared"), Verdict.UNSUPPORTED),
        (ExceptionGroup("hypothesis", [ValueError()]), Verdict.ERROR),
        (AssertionError(), Verdict.ERROR),
        (TimeoutError(), Verdict.ERROR),
    ],
)
def test_only_a_violation_is_a_failure(raised: BaseException | None, verdict: Verdict) -> None:
    one = call(raised)
    assert verdict_of(one, violation_in(one)) is verdict


def test_what_was_foreseen_is_told_on_one_line() -> None:
    assert trouble(call(HarnessError("no\nprocess"))) == "error      HarnessError: no process"


def test_too_few_descriptors_come_with_advice() -> None:
    assert "raises the first" in trouble(call(OSError(errno.EMFILE, "Too many open files")))


def test_of_what_was_not_foreseen_the_place_is_told_too() -> None:
    first, second = trouble(call(ValueError("odd"))).splitlines()
    assert first == "error      ValueError: odd"
    assert re.fullmatch(r"in         happen, test_judging.py:\d+", second)


@pytest.mark.parametrize(
    ("verdict", "then", "works"),
    [
        (Verdict.PASSED, Verdict.UNSUPPORTED, True),
        (Verdict.FAILED, Verdict.UNSUPPORTED, False),
        (Verdict.UNSUPPORTED, Verdict.UNSUPPORTED, False),
        (Verdict.ERROR, Verdict.ERROR, False),
    ],
)
def test_what_is_declared_unsupported_cannot_fail(verdict: Verdict, then: Verdict, works: bool) -> None:
    one = as_declared(outcome(verdict), "serves 1 at once")
    assert (one.verdict, one.works_anyway) == (then, works)


def test_information_cannot_fail() -> None:
    one = as_information(outcome(Verdict.FAILED, "INFO"), VIOLATION)
    assert (one.verdict, one.recorded, one.detail) == (Verdict.PASSED, ("none: RST", ""), "")
    assert as_information(outcome(Verdict.ERROR, "INFO"), None).verdict is Verdict.ERROR


@pytest.mark.parametrize(
    ("one", "how"),
    [
        (outcome(Verdict.PASSED), ("passed", "")),
        (outcome(Verdict.FAILED), ("failed", "boom")),
        (outcome(Verdict.FAILED, "SHOULD"), ("xfailed skipped", "detail")),
        (outcome(Verdict.FAILED, known="no FIN"), ("xfailed skipped", "no FIN")),
        (outcome(Verdict.PASSED, known="no FIN"), ("failed", "remove it")),
        (outcome(Verdict.PASSED, "SHOULD", known="no FIN"), ("failed", "remove it")),
        (outcome(Verdict.UNSUPPORTED), ("skipped", "unsupported: detail")),
        (outcome(Verdict.UNSUPPORTED, known="no FIN"), ("failed", "remove it")),
        (outcome(Verdict.ERROR), ("failed", "boom")),
        (outcome(Verdict.ERROR, known="no FIN"), ("failed", "boom")),
    ],
)
def test_how_pytest_shows_it(one: Outcome, how: tuple[str, str]) -> None:
    assert shown(one) == how


def test_where_no_server_has_started_pytest_does_not_go_on() -> None:
    one = as_information(outcome(Verdict.FAILED, "INFO"), VIOLATION)
    assert shown(one, when="setup") == ("skipped", "recorded: none: RST")


def test_a_should_counts_if_asked_for() -> None:
    assert shown(outcome(Verdict.FAILED, "SHOULD"), strict=True) == ("failed", "boom")
    assert shown(outcome(Verdict.FAILED, "SHOULD", known="slow"), strict=True) == ("xfailed skipped", "slow")
