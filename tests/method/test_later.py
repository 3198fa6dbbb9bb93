"""Delays that servers make are found in what is told of latency: all of them, and no more."""

import dataclasses
import logging
import statistics
from pathlib import Path

import pytest

from tests.method.planted import DELAY_SECONDS, NOTES, STALL_SECONDS
from tests.method.runs import ALONE, measured
from upecho.measure.cells import Scenario
from upecho.measure.statistics.summary import Numbers, summarise

PROMPT, LATE, STALLING = (f"tests.method.planted:{server}" for server in ("prompt", "late", "stalling"))
SHARE = 0.3
SCHEDULED = dataclasses.replace(ALONE, name="scheduled", share=SHARE, curve="scheduled")


def numbers(scenario: Scenario, *targets: str, rounds: int, seconds: float) -> list[Numbers]:
    rows = summarise(measured(targets, scenario, rounds=rounds, seed=1, seconds=seconds))
    found = [row.numbers for row in rows if row.numbers]
    assert len(found) == len(targets)
    return found


def test_a_delay_is_recovered_within_two_percent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notes = tmp_path / "delays"
    monkeypatch.setenv(NOTES, str(notes))
    prompt, late = numbers(ALONE, PROMPT, LATE, rounds=8, seconds=0.6)
    planted_ns = statistics.median(map(int, notes.read_text().split()))
    delay_ns = late.p50_ns.median - prompt.p50_ns.median
    logging.info("%d ns planted, %d found: %.4f of that", planted_ns, delay_ns, delay_ns / planted_ns)
    assert planted_ns >= DELAY_SECONDS * 1e9
    assert abs(delay_ns / planted_ns - 1) <= 0.02


def test_a_stall_is_seen_by_all_who_came_meanwhile_and_by_one_only_in_a_closed_loop() -> None:
    """Who should have been sent during the stall waits for what is left of it, and for all who came before.

    They are served as fast as the server can, so each waits for less than the one before by the time between two,
    without the share of it that serving one takes. One hundredth of all come in a hundredth of the window.
    """
    window = 1.5
    (closed,) = numbers(ALONE, STALLING, rounds=3, seconds=window)
    (scheduled,) = numbers(SCHEDULED, STALLING, rounds=3, seconds=window)
    busy = SHARE * (window - STALL_SECONDS) / window  # the rate the share is of was measured with a stall, too
    expected = STALL_SECONDS - 0.01 * window * (1 - busy)
    seen, hidden = scheduled.p99_ns.median / 1e9, closed.p99_ns.median / 1e9
    logging.info("p99 %.5f s, %.5f expected; in a closed loop %.5f s", seen, expected, hidden)
    assert abs(seen / expected - 1) <= 0.02
    assert hidden < 0.1 * STALL_SECONDS
