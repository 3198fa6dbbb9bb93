"""Deadlines and limits: one variable scales them, and it has to be a number."""

import os

import pytest

from upecho.support import timeouts
from upecho.support.errors import CallerError


def test_deadline_is_unscaled_by_default() -> None:
    assert timeouts.scaled(2.5) == 2.5


def test_variable_scales_a_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(timeouts.SCALE_VARIABLE, "3")
    assert timeouts.scaled(2.5) == 7.5


@pytest.mark.parametrize("text", ["", "slow", "0", "-1", "nan", "inf"])
def test_malformed_scale_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(timeouts.SCALE_VARIABLE, text)
    with pytest.raises(CallerError, match=f"{timeouts.SCALE_VARIABLE} is '{text}'; .* number above 0"):
        timeouts.scaled(1.0)


@pytest.mark.parametrize(("scale", "limit"), [("3", 7.5), ("0.5", 2.5)])
def test_limit_is_raised_but_never_lowered(monkeypatch: pytest.MonkeyPatch, scale: str, limit: float) -> None:
    monkeypatch.setenv(timeouts.SCALE_VARIABLE, scale)
    assert timeouts.at_least(2.5) == limit


def test_stretching_multiplies_the_scale_also_for_children(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(timeouts.SCALE_VARIABLE, "3")
    with timeouts.stretched(20):
        assert os.environ[timeouts.SCALE_VARIABLE] == "60"
        assert timeouts.scaled(0.5) == 30
    assert os.environ[timeouts.SCALE_VARIABLE] == "3"


def test_stretching_leaves_nothing_behind_and_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(timeouts.SCALE_VARIABLE, raising=False)
    with timeouts.stretched(5000):
        assert timeouts.scaled(1) == timeouts.LARGEST_SCALE
    assert timeouts.SCALE_VARIABLE not in os.environ
    with timeouts.stretched(1):
        assert timeouts.SCALE_VARIABLE not in os.environ
