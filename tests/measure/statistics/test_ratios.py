"""The estimates agree with SciPy, and are right as often as they claim on samples whose truth is known."""

import math
import random

import pytest

from upecho.measure.statistics import student
from upecho.measure.statistics.ratios import Estimate, holm, paired, paired_values, unpaired

pytestmark = pytest.mark.once

# Arbitrary logarithms of two different lengths.
FIRST = [0.012, -0.034, 0.051, 0.003, -0.018, 0.027, 0.044, -0.009]
SECOND = [0.102, 0.087, 0.131, 0.069, 0.115]


@pytest.mark.parametrize(
    ("confidence", "degrees", "t"),
    [
        (0.95, 1, 12.706),
        (0.95, 2, 4.303),
        (0.95, 3, 3.182),
        (0.95, 4, 2.776),
        (0.99, 5, 4.032),
        (0.95, 10, 2.228),
        (0.999, 30, 3.646),
        (0.95, 1000, 1.962),
    ],
)
def test_t_distribution_agrees_with_printed_tables(confidence: float, degrees: int, t: float) -> None:
    assert student.probability_within(t, degrees) == pytest.approx(confidence, abs=1e-4)
    assert student.quantile(confidence, degrees) == pytest.approx(t, abs=1e-3)


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 5, 7, 10, 19, 30, 99, 1000])
def test_t_distribution_agrees_with_scipy(degrees: int) -> None:
    stats = pytest.importorskip("scipy.stats")
    for t in (0.0, 0.1, 1.0, 2.5, 10.0):
        assert student.probability_within(t, degrees) == pytest.approx(1 - 2 * stats.t.sf(t, degrees), abs=1e-12)
    for confidence in (0.5, 0.9, 0.95, 0.99):
        assert student.quantile(confidence, degrees) == pytest.approx(
            stats.t.interval(confidence, degrees)[1], rel=1e-9
        )


@pytest.mark.parametrize("count", [2, 3, 4, 5, 8])
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_paired_ratio_agrees_with_scipy(count: int, confidence: float) -> None:
    stats = pytest.importorskip("scipy.stats")
    logs = FIRST[:count]
    test = stats.ttest_1samp(logs, 0.0)
    interval = test.confidence_interval(confidence)
    ratio = paired(logs, confidence)
    assert [math.log(end) for end in (ratio.low, ratio.high)] == pytest.approx([interval.low, interval.high])
    assert Estimate.of(logs).p_value == pytest.approx(test.pvalue)


@pytest.mark.parametrize(("first", "second"), [(FIRST, SECOND), (FIRST[:4], FIRST[4:]), (SECOND, FIRST[:2])])
def test_unpaired_ratio_agrees_with_scipy(first: list[float], second: list[float]) -> None:
    """SciPy keeps the fraction of the degrees of freedom, which we round down; so its interval is no wider."""
    stats = pytest.importorskip("scipy.stats")
    test = stats.ttest_ind(first, second, equal_var=False)
    estimate = Estimate.of(first).minus(Estimate.of(second))
    assert estimate.mean / estimate.error == pytest.approx(test.statistic)
    assert estimate.degrees == math.floor(test.df)
    expected = stats.t.interval(0.95, math.floor(test.df), loc=estimate.mean, scale=estimate.error)
    ratio = unpaired(first, second)
    assert [math.log(end) for end in (ratio.low, ratio.high)] == pytest.approx(expected)
    assert estimate.p_value == pytest.approx(2 * stats.t.sf(abs(test.statistic), math.floor(test.df)))
    assert estimate.p_value >= test.pvalue


def test_paired_ratio_is_the_geometric_mean() -> None:
    ratio = paired_values([(2.0, 1.0), (8.0, 1.0), (4.0, 1.0)])
    assert ratio.ratio == pytest.approx(4)
    assert ratio.low < 4 < ratio.high
    assert ratio.samples == 3
    other = paired_values([(1.0, 2.0), (1.0, 8.0), (1.0, 4.0)])
    assert other.ratio == pytest.approx(1 / 4)


def test_one_sample_has_an_infinite_interval() -> None:
    ratio = paired([0.5])
    assert (ratio.low, ratio.ratio, ratio.high) == (0.0, math.exp(0.5), math.inf)
    assert ratio.precision == math.inf
    one, two = Estimate.of([0.5]), Estimate.of([0.5, 0.6])
    assert [estimate.p_value for estimate in (one, one.minus(one), two.minus(one))] == [1, 1, 1]
    assert one.half_width() == math.inf


def test_interval_beyond_the_range_of_floats_is_infinite() -> None:
    ratio = paired([0.0, 600.0])
    assert (ratio.low, ratio.high, ratio.precision) == (0.0, math.inf, math.inf)


def test_samples_without_variance_are_certain() -> None:
    same = Estimate.of([0.1] * 4)
    assert same.p_value == 0
    assert Estimate.of([0.0] * 4).p_value == 1
    assert same.minus(same).p_value == 1


def samples(source: random.Random, count: int, truth: float = 0.0, tails: bool = False) -> list[float]:
    """Return logarithms with a standard deviation of 3 %; with heavy tails, every tenth deviates five times as far."""
    return [truth + source.gauss(0, 0.15 if tails and source.random() < 0.1 else 0.03) for _ in range(count)]


# With 1000 runs, a rate of 5 % exceeds 6.7 % once in a hundred times; the seed repeats the same runs every time.
@pytest.mark.parametrize("tails", [False, True])
@pytest.mark.parametrize("count", [4, 5, 8, 20])
def test_false_positive_rate_is_five_percent(count: int, tails: bool) -> None:
    source = random.Random(count)
    assert sum(Estimate.of(samples(source, count, tails=tails)).p_value < 0.05 for _ in range(1000)) <= 67


@pytest.mark.parametrize("counts", [(5, 5), (6, 20)])
def test_false_positive_rate_without_pairs_is_five_percent(counts: tuple[int, int]) -> None:
    source = random.Random(4)
    estimates = [[Estimate.of(samples(source, count)) for count in counts] for _ in range(1000)]
    assert sum(one.minus(other).p_value < 0.05 for one, other in estimates) <= 67


# With 1000 runs, a coverage of 95 % is below 93.3 % once in a hundred times.
@pytest.mark.parametrize("tails", [False, True])
@pytest.mark.parametrize("count", [4, 5, 8, 20])
def test_paired_interval_covers_the_truth_in_95_percent(count: int, tails: bool) -> None:
    source = random.Random(3)
    ratios = [paired(samples(source, count, math.log(1.05), tails)) for _ in range(1000)]
    assert sum(ratio.low <= 1.05 <= ratio.high for ratio in ratios) >= 933


@pytest.mark.parametrize("count", [4, 12])
def test_unpaired_interval_covers_the_truth_in_95_percent(count: int) -> None:
    source = random.Random(3)
    ratios = [unpaired(samples(source, count, math.log(1.05)), samples(source, count)) for _ in range(1000)]
    assert sum(ratio.low <= 1.05 <= ratio.high for ratio in ratios) >= 933


def test_difference_of_five_percent_is_detected() -> None:
    source = random.Random(2)
    truth = math.log(1.05)
    assert sum(Estimate.of(samples(source, 12, truth)).p_value < 0.05 for _ in range(100)) >= 95
    unpaired_ones = [
        Estimate.of(samples(source, 20, truth)).minus(Estimate.of(samples(source, 20))) for _ in range(100)
    ]
    assert sum(estimate.p_value < 0.05 for estimate in unpaired_ones) >= 95


def test_precision_is_half_the_interval() -> None:
    ratio = paired([0.01, -0.01, 0.02, -0.02, 0.0, 0.03, -0.03])
    assert ratio.precision == pytest.approx(0.02, rel=0.01)  # 2.447 * 0.0216 / sqrt(7)
    assert ratio.precision == pytest.approx((ratio.high - ratio.low) / 2 / ratio.ratio)


def test_precision_is_relative_to_the_ratio() -> None:
    logs = [0.01, -0.01, 0.02, -0.02]
    assert paired([log + math.log(40) for log in logs]).precision == pytest.approx(paired(logs).precision)


def test_unpaired_ratio_is_first_to_second() -> None:
    first, second = [math.log(2.0)] * 7, [math.log(0.5), math.log(0.5), math.log(0.51)]
    ratio = unpaired(first, second)
    assert ratio.ratio == pytest.approx(4, rel=0.01)
    assert 3.8 < ratio.low < ratio.ratio < ratio.high < 4.2
    assert ratio.samples == 3


def test_degrees_of_freedom_are_those_of_welch_and_satterthwaite() -> None:
    """Worked example: 0.25 squared, divided by the sum of 0.09 squared by 4 and 0.16 squared by 9, is 12.8."""
    difference = Estimate(5.0, 0.3, 4, 5).minus(Estimate(3.0, 0.4, 9, 10))
    assert (difference.mean, difference.error) == pytest.approx((2.0, 0.5))
    assert (difference.degrees, difference.samples) == (12, 5)


def test_holm_corrects_for_the_number_of_comparisons() -> None:
    # Worked example: the smallest times 4, the next times 3 and so on, none smaller than the one before it.
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005}) == pytest.approx(
        {"d": 0.02, "a": 0.03, "c": 0.06, "b": 0.06}
    )
    assert holm({"a": 0.9, "b": 0.8}) == {"b": 1.0, "a": 1.0}
    assert holm({}) == {}
