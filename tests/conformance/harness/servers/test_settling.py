"""Waiting until readings settle."""

import pytest

from upecho.conformance.harness.servers.settling import expect_at_most, settled
from upecho.conformance.harness.violation import Violation


def test_falling_reading_is_waited_for() -> None:
    readings = iter([3, 2, 1])
    expect_at_most(1, lambda: next(readings), "things")
    assert list(readings) == []


def test_reading_above_the_limit_is_a_violation() -> None:
    with pytest.raises(Violation, match="expected at most 1 things, saw 2"):
        expect_at_most(1, lambda: 2, "things")


def test_settled_waits_for_two_equal_readings() -> None:
    readings = iter([5, 4, 3, 3, 9])
    assert settled(lambda: next(readings)) == 3
