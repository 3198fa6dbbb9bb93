"""Histograms put every value into the right bucket, and encode them as text that other tools read."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upecho.load.histogram import HIGHEST, bucket, counts_of, decoded, encoded, highest

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
    for percent in (0, 50, 99, 100) if values else ():
        ours = sorted(bucket(value) for value in values)[max(1, -(-len(values) * percent // 100)) - 1]
        assert bucket(read.get_value_at_percentile(percent)) == ours


@pytest.mark.parametrize("text", ["", "AAAA", base64.b64encode(bytes(8) + b"x").decode(), "not base64 at all"])
def test_other_text_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"histogram|base64|padding|alphabet|incomplete|Incorrect"):
        decoded(text)
