"""An engine that never rested was the bottleneck, also if it was kept waiting for its processor."""

import time
from pathlib import Path

import pytest

from upecho.load import saturation


@pytest.mark.parametrize(("busy_ns", "expected"), [(0, False), (899, False), (900, True), (1000, True)])
def test_nine_tenths_of_the_time_is_saturated(busy_ns: int, expected: bool) -> None:
    assert saturation.is_saturated(busy_ns, elapsed_ns=1000) == expected


@pytest.mark.parametrize(("text", "expected"), [("5 700 3\n", 300 + 700), (None, 300)])
def test_waiting_for_the_processor_is_being_busy(
    text: str | None, expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if text:
        (tmp_path / "schedstat").write_text(text)
    monkeypatch.setattr(saturation, "SCHEDSTAT", tmp_path / "schedstat")
    monkeypatch.setattr(time, "process_time_ns", lambda: 300)
    assert saturation.busy_ns() == expected
