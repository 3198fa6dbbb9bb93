"""Histograms put every value into the right bucket, and encode them as text that other tools read."""

import base64
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upecho.load.histogram import DIGITS, HIGHEST, bucket, counts_of, decoded, encoded, highest, merged
from upecho.load.latency import Latency, percentile

pytestmark = pytest.mark.once

VALUES = st.lists(st.integers(0, 2 * HIGHEST))


@given(st.integers(0, HIGHEST))
def test_bucket_is_at_most_a_thousandth_wide(value: int) -> None:
    number = bucket(value)
    lowest = highest(number - 1) + 1 if number else 0
    assert lowest <= value <= highest(number)
    assert highest(number) - lowest <= value / 1000


def test_buckets_have_no_gaps() -> None:
    assert [bucket(highest(number)) for number in range(33_000)] == list(range(33_000))
    assert [bucket(highest(number) + 1) for number in range(32_000)] == list(range(1, 32_001))


def test_values_above_an_hour_count_as_an_hour() -> None:
    assert bucket(HIGHEST * 5) == bucket(HIGHEST)


@given(VALUES)
def test_counts_survive_encoding(values: list[int]) -> None:
    counts = counts_of(values)
    assert decoded(encoded(counts)) == counts


@given(VALUES)
def test_hdrhistogram_decodes_the_text(values: list[int]) -> None:
    histograms = pytest.importorskip("hdrh.histogram")
    read = histograms.HdrHistogram.decode(encoded(counts_of(values)))
    assert read.get_total_count() == len(values)


LATENCIES = st.lists(st.integers(0, 50_000) | st.integers(0, HIGHEST), min_size=1, max_size=3000)


@given(LATENCIES, st.sampled_from([50, 90, 99, 99.9, 99.99, 100]) | st.floats(0.001, 100))
def test_percentiles_are_those_of_hdrhistogram(values: list[int], percent: float) -> None:
    histograms = pytest.importorskip("hdrh.histogram")
    reference = histograms.HdrHistogram(1, HIGHEST, DIGITS)
    for value in values:
        reference.record_value(value)
    counts = counts_of(values)
    assert percentile(counts, percent) == reference.get_value_at_percentile(percent)
    decoded_reference = histograms.HdrHistogram.decode(encoded(counts))
    assert percentile(counts, percent) == decoded_reference.get_value_at_percentile(percent)


@pytest.mark.parametrize("seed", range(20))
def test_latencies_of_a_trial_are_those_of_hdrhistogram(seed: int) -> None:
    histograms = pytest.importorskip("hdrh.histogram")
    source = random.Random(seed)
    values = [int(source.lognormvariate(11, 1)) for _ in range(source.randrange(20, 20_000))]
    reference, ours = histograms.HdrHistogram(1, HIGHEST, DIGITS), Latency.of(values)
    for value in values:
        reference.record_value(value)
    expected = [reference.get_value_at_percentile(percent) for percent in (50, 99, 99.9)]
    assert [ours.p50_ns, ours.p99_ns, ours.p999_ns] == expected


def test_merged_histograms_have_the_sums_of_their_counts() -> None:
    one, other = {0: 1, 5: 300, 2047: 2, 30_000: 7}, {5: 70_000, 6: 1, 40_000: 3}
    assert merged([encoded(one), encoded(other)]) == {0: 1, 5: 70_300, 6: 1, 2047: 2, 30_000: 7, 40_000: 3}
    assert merged([]) == {}


@pytest.mark.parametrize("text", ["", "AAAA", base64.b64encode(bytes(8) + b"x").decode(), "not base64 at all"])
def test_other_text_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"histogram|base64|padding|alphabet|incomplete|Incorrect"):
        decoded(text)
