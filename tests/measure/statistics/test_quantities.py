"""What a trial measures: one value above 0 for each quantity, or none."""

import dataclasses

import pytest

from tests.made_up import load, trial
from upecho.load.latency import Latency
from upecho.measure.statistics.quantities import COST, CPU, INTERVAL, MEMORY, P50, P99, P999, QUANTITIES, Quantity
from upecho.measure.trials import Trial

pytestmark = pytest.mark.once


def with_use(**use: int) -> Trial:
    """Return a trial whose server used something else than usual."""
    usual = load(5.0)
    assert usual.server
    return trial("a", 1, dataclasses.replace(usual, server=dataclasses.replace(usual.server, **use)))


def test_cpu_time_is_that_of_one_request() -> None:
    assert CPU.of(trial("a", 1, load(5.0))) == 5000
    assert INTERVAL.of(trial("a", 1, load(5.0))) == 10_000


def test_cost_is_cpu_time_or_else_elapsed_time() -> None:
    assert COST.of(trial("a", 1, load(5.0))) == 5000
    assert COST.of(trial("a", 1, dataclasses.replace(load(5.0), server=None))) == 10_000


def test_latencies_are_percentiles() -> None:
    latency = dataclasses.replace(Latency.of([1000]), p50_ns=2000, p99_ns=3000, p999_ns=4000)
    one = trial("a", 1, dataclasses.replace(load(5.0), latency=latency))
    assert [quantity.of(one) for quantity in (P50, P99, P999)] == [2000, 3000, 4000]


def test_memory_is_the_peak() -> None:
    assert MEMORY.of(with_use(resident_bytes=10, peak_bytes=20)) == 20


@pytest.mark.parametrize("one", [trial("a", 1, None), trial("a", 1, dataclasses.replace(load(5.0), requests=0))])
@pytest.mark.parametrize("quantity", QUANTITIES, ids=lambda quantity: quantity.name)
def test_trial_without_requests_tells_nothing(quantity: Quantity, one: Trial) -> None:
    assert quantity.of(one) is None


def test_what_is_not_above_zero_is_unknown() -> None:
    assert CPU.of(with_use(cpu_ns=-5)) is None
    assert CPU.of(with_use(cpu_ns=0)) is None
    assert MEMORY.of(with_use(peak_bytes=0)) is None
    assert CPU.of(trial("a", 1, dataclasses.replace(load(5.0), server=None))) is None


def test_names_are_unique() -> None:
    assert len({one.name for one in QUANTITIES}) == len(QUANTITIES)
