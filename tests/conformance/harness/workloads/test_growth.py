"""Growth of memory: what stops growing is no leak, what grows with each batch is one."""

import itertools
from collections.abc import Callable

import pytest

from upecho.conformance.harness.violation import NotReached, Violation
from upecho.conformance.harness.workloads import growth
from upecho.conformance.harness.workloads.growth import Work, expect_level_memory, is_level, is_steady, settled_reading

KIB = 1024
LEVEL = 300  # clients


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "POLL_INTERVAL_SECONDS", 0)


def judge(kept: Callable[[int], int], *, most: int = 2000, seconds: float = 60) -> int:
    """Judge a process that keeps ``kept(clients)`` bytes; return the number of clients."""
    clients = itertools.count()
    last = 0

    def batch() -> None:
        nonlocal last
        for _ in range(100):
            last = next(clients)

    work = Work(batch, 100, "clients", slack_bytes=256, most=most, seconds=seconds)
    expect_level_memory(lambda: 1 << 20 if last == 0 else (1 << 20) + kept(last), work)
    return last + 1


@pytest.mark.parametrize("per_client", [1 * KIB, 8 * KIB, 100 * KIB])
def test_growth_with_each_batch_is_a_leak(per_client: int) -> None:
    with pytest.raises(Violation, match=r"KiB more after 2000 clients, and still growing") as raised:
        judge(lambda clients: clients * per_client)
    assert not isinstance(raised.value, NotReached)


def test_process_that_does_not_grow_is_judged_after_three_batches() -> None:
    assert judge(lambda _: 0) == 3 * 100


def test_memory_that_levels_off_is_no_leak() -> None:
    assert judge(lambda clients: min(clients, LEVEL) * 8 * KIB) < 1000


def test_garbage_that_is_freed_at_last_is_no_leak() -> None:
    assert judge(lambda clients: clients % 1500 * 8 * KIB) < 2000


def test_leak_beneath_unsteady_readings_is_found() -> None:
    with pytest.raises(Violation):
        judge(lambda clients: clients * 8 * KIB + clients // 100 % 3 * 400 * KIB)


def test_slow_server_that_has_grown_steadily_has_a_leak(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.monotonic", iter(range(1000)).__next__)
    with pytest.raises(Violation, match=r"after 1[0-9]{3} clients") as raised:
        judge(lambda clients: clients * 8 * KIB, seconds=15)
    assert not isinstance(raised.value, NotReached)


@pytest.mark.parametrize(("per_client", "is_leak"), [(8 * KIB, False), (100 * KIB, True)])
def test_very_slow_server_may_fill_a_cache(monkeypatch: pytest.MonkeyPatch, per_client: int, *, is_leak: bool) -> None:
    monkeypatch.setattr("time.monotonic", iter(range(1000)).__next__)
    with pytest.raises(Violation, match=r"after 1[0-9]{3} clients") as raised:
        judge(lambda clients: clients * per_client, seconds=15, most=4000)
    assert isinstance(raised.value, NotReached) is not is_leak


def test_growth_in_bursts_is_not_steady() -> None:
    assert is_steady([number * 100 for number in range(20)])
    assert not is_steady([number // 4 * 400 for number in range(20)])
    assert not is_steady([number * 100 for number in range(8)])


def test_server_that_was_too_slow_is_not_judged() -> None:
    with pytest.raises(NotReached, match="still growing"):
        judge(lambda clients: clients * 8 * KIB, seconds=0)


def test_four_readings_are_needed() -> None:
    assert not is_level([1, 1, 1], 0)
    assert is_level([1, 1, 1, 1], 0)
    assert is_level([9, 1, 5, 1], 0)
    assert not is_level([1, 1, 2, 2], 0)


def test_falling_reading_is_waited_for() -> None:
    readings = iter([3, 2, 1, 1, 9])
    assert settled_reading(lambda: next(readings)) == 1
