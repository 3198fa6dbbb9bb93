"""How much time failed checks may take."""

import contextlib
import math
import time

import pytest

from upecho.conformance.harness.budget import FAILED_SECONDS, LAST_SECONDS, SLOW_SECONDS, Budget
from upecho.conformance.harness.violation import SLOW_BYTES, Log, OutOfTime, TooSlow, Violation


def test_without_failures_there_is_no_limit() -> None:
    budget = Budget()
    assert (budget.is_spent, budget.seconds_left) == (False, math.inf)


def test_slow_failures_spend_the_budget() -> None:
    budget = Budget()
    budget.charge("half-close", FAILED_SECONDS - 1)
    assert (budget.is_spent, budget.seconds_left) == (False, LAST_SECONDS - FAILED_SECONDS + 1)
    budget.charge("echo-hello", 2)
    assert budget.is_spent
    assert budget.cause == "failed checks have taken 11 s; --all runs everything"
    assert budget.failed == ["half-close", "echo-hello"]


def test_checks_that_are_not_begun_are_not_counted() -> None:
    budget = Budget()
    budget.charge("half-close", FAILED_SECONDS + 1)
    budget.charge("full-duplex", 0)
    assert budget.failed == ["half-close"]


def test_deadlines_scale_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPECHO_DEADLINE_SCALE", "3")
    budget = Budget()
    budget.charge("half-close", 2 * FAILED_SECONDS)
    assert not budget.is_spent


def test_unlimited_budget_is_never_spent() -> None:
    budget = Budget(limited=False)
    budget.charge("half-close", 1000)
    assert (budget.is_spent, budget.seconds_left) == (False, math.inf)


def test_check_that_takes_longer_than_the_others_left_is_out_of_time() -> None:
    budget = Budget()
    log = Log(budget)
    log.expect_time_left(60, "nothing")
    budget.charge("half-close", LAST_SECONDS)
    assert log.seconds_left() == 0
    with pytest.raises(OutOfTime) as raised:
        log.expect_time_left(60, "nothing")
    assert raised.value.cause == "failed checks have taken 15 s; --all runs everything"
    assert raised.value.follows_from == ("half-close",)


def begun(seconds_ago: float, budget: Budget, monkeypatch: pytest.MonkeyPatch) -> Log:
    """Return the log of a check that began some time ago."""
    began = time.monotonic() - seconds_ago
    with monkeypatch.context() as patched:
        patched.setattr(time, "monotonic", lambda: began)
        return Log(budget)


def test_slow_server_is_not_accused(monkeypatch: pytest.MonkeyPatch) -> None:
    log = begun(16, Budget(), monkeypatch)
    log.count(17 * SLOW_BYTES)
    with pytest.raises(TooSlow, match="the server is too slow for this check: 68 KiB in 16 s"):
        log.expect_time_left(15, "nothing")
    assert log.is_abandoned


def test_server_that_transfers_next_to_nothing_is_accused(monkeypatch: pytest.MonkeyPatch) -> None:
    log = begun(16, Budget(), monkeypatch)
    log.count(15 * SLOW_BYTES)
    with pytest.raises(Violation, match="only 3 bytes in that time"):
        log.expect_time_left(15, "3 bytes")
    assert not log.is_abandoned


@pytest.mark.parametrize("limited", [True, False])
def test_slow_server_gets_less_time_after_the_first_check(limited: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    budget = Budget(limited=limited)
    log = begun(SLOW_SECONDS + 1, budget, monkeypatch)
    log.count(1 << 20)
    log.expect_time_left(15, "nothing")
    budget.note_slow()
    with pytest.raises(TooSlow) if limited else contextlib.nullcontext():
        log.expect_time_left(15, "nothing")
