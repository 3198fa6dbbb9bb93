"""Delays that servers add are measured in full, and nothing else is."""

import dataclasses
import logging
import statistics
from pathlib import Path

import pytest

from tests.method.planted import DELAY_SECONDS, NOTES, STALL_SECONDS
from tests.method.runs import ALONE, measured
from upecho.measure.plan.scenarios import Scenario
from upecho.measure.statistics.summary import Figures, Summary

PROMPT, LATE, STALLING = (f"tests.method.planted:{server}" for server in ("prompt", "late", "stalling"))
SHARE = 0.3
SCHEDULED = dataclasses.replace(ALONE, name="scheduled", share=SHARE, curve="scheduled")


def figures(scenario: Scenario, *targets: str, rounds: int, seconds: float) -> list[Figures]:
    rows = Summary.of(measured(targets, scenario, rounds=rounds, seed=1, seconds=seconds)).rows
    found = [row.figures for row in rows if row.figures]
    assert len(found) == len(targets)
    return found


def test_delay_is_measured_within_two_percent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notes = tmp_path / "delays"
    monkeypatch.setenv(NOTES, str(notes))
    prompt, late = figures(ALONE, PROMPT, LATE, rounds=8, seconds=0.6)
    planted_ns = statistics.median(map(int, notes.read_text().split()))
    delay_ns = late.p50_ns.median - prompt.p50_ns.median
    logging.info("%d ns planted, %d measured: %.4f of that", planted_ns, delay_ns, delay_ns / planted_ns)
    assert planted_ns >= DELAY_SECONDS * 1e9
    assert abs(delay_ns / planted_ns - 1) <= 0.02


def test_schedule_shows_a_stall_that_a_closed_loop_hides() -> None:
    """Every request that is due during the stall waits for the rest of it, and for the requests before it.

    The server catches up as fast as it can, so each request waits less than the one before by the interval between
    two, without the share of it that serving one takes. One hundredth of all requests is due in a hundredth of the
    window.
    """
    window = 1.5
    (closed,) = figures(ALONE, STALLING, rounds=3, seconds=window)
    (scheduled,) = figures(SCHEDULED, STALLING, rounds=3, seconds=window)
    busy = SHARE * (window - STALL_SECONDS) / window  # the capacity was measured with a stall, too
    expected = STALL_SECONDS - 0.01 * window * (1 - busy)
    seen, hidden = scheduled.p99_ns.median / 1e9, closed.p99_ns.median / 1e9
    logging.info("p99 %.5f s, %.5f expected; in a closed loop %.5f s", seen, expected, hidden)
    assert abs(seen / expected - 1) <= 0.02
    assert hidden < 0.1 * STALL_SECONDS
