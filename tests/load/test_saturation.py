"""An engine that was always busy, or always waiting for a processor, was the bottleneck."""

import time
from pathlib import Path

import pytest

from upecho.load import saturation


@pytest.mark.parametrize(("busy_ns", "expected"), [(0, False), (899, False), (900, True), (1000, True)])
def test_ninety_percent_of_the_time_is_saturated(busy_ns: int, expected: bool) -> None:
    assert saturation.is_saturated(busy_ns, elapsed_ns=1000) == expected


@pytest.mark.parametrize(("text", "expected"), [("5 700 3\n", 300 + 700), (None, 300)])
def test_waiting_for_a_processor_counts_as_busy(
    text: str | None, expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if text:
        (tmp_path / "schedstat").write_text(text)
    monkeypatch.setattr(saturation, "SCHEDSTAT", tmp_path / "schedstat")
    monkeypatch.setattr(time, "process_time_ns", lambda: 300)
    assert saturation.busy_ns() == expected
