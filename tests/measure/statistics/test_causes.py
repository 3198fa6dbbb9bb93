"""What a request made a server do: 0 is a value, and what a trial does not tell is none."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from tests.made_up import REQUESTS, load, trial
from upecho.measure.statistics import causes
from upecho.measure.statistics.quantities import INVOLUNTARY, SWITCHES, SYSTEM, SYSTEM_CALLS, USER
from upecho.measure.trials import SystemCalls, Trial
from upecho.processes.linux.system_calls import Method

pytestmark = pytest.mark.once


def with_use(**use: Any) -> Trial:
    usual = load(5.0)
    assert usual.server
    return trial("a", 1, dataclasses.replace(usual, server=dataclasses.replace(usual.server, **use)))


def test_cpu_time_is_divided_like_the_ticks() -> None:
    one = with_use(user_ns=30_000_000, system_ns=10_000_000)
    assert causes.user_ns(one) == 3750
    assert causes.system_ns(one) == 1250


def test_no_tick_says_nothing_about_the_division() -> None:
    assert causes.user_ns(with_use(user_ns=0, system_ns=0)) is None


def test_all_ticks_in_the_kernel_leave_none_for_the_program() -> None:
    one = with_use(user_ns=0, system_ns=10_000_000)
    assert causes.user_ns(one) == 0
    assert (USER.of(one), SYSTEM.of(one)) == (None, 5000)


def test_switches_are_those_of_one_request() -> None:
    one = with_use(voluntary_switches=2 * REQUESTS, involuntary_switches=REQUESTS // 2)
    assert (SWITCHES.of(one), INVOLUNTARY.of(one)) == (2, 0.5)
    assert causes.voluntary_switches(with_use(voluntary_switches=0)) == 0


def test_both_kinds_of_switches_are_unknown_together() -> None:
    one = with_use(voluntary_switches=None, involuntary_switches=7)
    assert causes.voluntary_switches(one) is None
    assert causes.involuntary_switches(one) is None


def test_system_calls_are_those_of_their_own_load() -> None:
    one = trial("a", 1, load(5.0), system_calls=SystemCalls(300, 100, Method.COUNTER))
    assert SYSTEM_CALLS.of(one) == 3


@pytest.mark.parametrize("cause", causes.CAUSES.values(), ids=causes.CAUSES)
def test_trial_without_a_meter_tells_nothing(cause: Callable[[Trial], float | None]) -> None:
    assert cause(trial("a", 1, dataclasses.replace(load(5.0), server=None))) is None
    assert cause(trial("a", 1, None)) is None
