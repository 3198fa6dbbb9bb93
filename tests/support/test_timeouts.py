"""Deadlines: stretched by one variable, which must be a number."""

import pytest

from upecho.support import timeouts
from upecho.support.errors import CallerError


def test_a_deadline_is_as_usual_by_default() -> None:
    assert timeouts.scaled(2.5) == 2.5


def test_a_slow_machine_stretches_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(timeouts.SCALE_VARIABLE, "3")
    assert timeouts.scaled(2.5) == 7.5


@pytest.mark.parametrize("text", ["", "slow", "0", "-1", "nan", "inf"])
def test_what_is_no_scale_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(timeouts.SCALE_VARIABLE, text)
    with pytest.raises(CallerError, match=f"{timeouts.SCALE_VARIABLE} is '{text}'; .* number above 0"):
        timeouts.scaled(1.0)
