"""How much time failed checks may take."""

import math

import pytest

from upecho.conformance.harness.budget import FAILED_SECONDS, LAST_SECONDS, Budget
from upecho.conformance.harness.violation import Log, OutOfTime


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
