"""The time for which a process was stopped does not count."""

from collections.abc import Iterator

import pytest

from upecho.distributed.silence import LAPSE_SECONDS, WakingClock

pytestmark = pytest.mark.once


def test_clock_stands_still_while_the_process_is_stopped() -> None:
    moments: Iterator[float] = iter([100.0, 101.0, 103.0, 103.0 + 10 * LAPSE_SECONDS, 104.0 + 10 * LAPSE_SECONDS])
    clock = WakingClock(lambda: next(moments))
    assert [clock.now() for _ in range(4)] == [101.0, 103.0, 103.0, 104.0]
