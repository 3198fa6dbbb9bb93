"""``python -m bench.intervals``: how often 95 % intervals of few samples contain the truth.

It draws samples whose true mean is known and counts how often two kinds of interval contain it: Student's t interval,
which upecho uses, and the wider of that and a percentile bootstrap, which is expanded for few samples as Hesterberg
proposes (What Teachers Should Know About the Bootstrap, The American Statistician 69, 2015, section 4.2). The width is
the mean width of the second kind relative to the first.

The samples stand for logarithms of ratios. Their distributions are normal; t with three degrees of freedom, which has
heavy tails; contaminated, where every tenth sample deviates five times as far; and skewed, the logarithm of a sum of a
constant and an exponential disturbance.

A second table shows the coverage of Student's interval when samples are drawn until its precision is 3 %, as a run of
``upecho bench`` does with rounds, for several standard deviations of the samples.
"""

import argparse
import math
import random
import statistics
from collections.abc import Callable

from upecho.measure.statistics import student
from upecho.measure.statistics.ratios import CONFIDENCE, Estimate, paired

COUNTS = (4, 5, 8, 20)
RESAMPLES = 2000
SPREADS = (0.01, 0.02, 0.03, 0.05, 0.1)
MIN_ROUNDS, MAX_ROUNDS, PRECISION = 5, 100, 0.03  # the defaults of upecho bench

Source = random.Random
Draw = Callable[[Source], float]


def _normal(source: Source) -> float:
    return source.gauss(0, 1)


def _heavy_tailed(source: Source) -> float:
    squares = sum(source.gauss(0, 1) ** 2 for _ in range(3))
    return source.gauss(0, 1) / math.sqrt(squares / 3)


def _contaminated(source: Source) -> float:
    return source.gauss(0, 5 if source.random() < 0.1 else 1)


def _skewed(source: Source) -> float:
    return math.log(1 + source.expovariate(10))


DISTRIBUTIONS: dict[str, Draw] = {
    "normal": _normal,
    "t3": _heavy_tailed,
    "contaminated": _contaminated,
    "skewed": _skewed,
}
# The mean of log(1 + X/10) with X exponential, which is e**10 times the exponential integral E1(10).
MEANS = {"skewed": 0.0915633339397880819}


def bootstrap(samples: list[float], source: Source) -> tuple[float, float]:
    """Return the expanded percentile bootstrap interval of a mean."""
    count = len(samples)
    means = sorted(statistics.fmean(source.choices(samples, k=count)) for _ in range(RESAMPLES))
    expanded = student.quantile(CONFIDENCE, count - 1) * math.sqrt(count / (count - 1))
    outside = math.floor(statistics.NormalDist().cdf(-expanded) * RESAMPLES)
    return means[outside], means[-1 - outside]


def coverage(name: str, count: int, *, runs: int, seed: int) -> tuple[float, float, float]:
    """Return the coverage of Student's interval, that of the wider interval, and the relative width.

    Args:
        name: Name of the distribution.
        count: Number of samples in each interval.
        runs: Number of intervals.
        seed: Seed of the samples and of the bootstrap.
    """
    source, truth = Source(seed), MEANS.get(name, 0.0)
    student_hits = wider_hits = 0
    widths = []
    for _ in range(runs):
        samples = [DISTRIBUTIONS[name](source) for _ in range(count)]
        estimate = Estimate.of(samples)
        half_width = estimate.half_width()
        low, high = estimate.mean - half_width, estimate.mean + half_width
        bootstrap_low, bootstrap_high = bootstrap(samples, source)
        student_hits += low <= truth <= high
        wider_hits += min(low, bootstrap_low) <= truth <= max(high, bootstrap_high)
        widths.append((max(high, bootstrap_high) - min(low, bootstrap_low)) / (high - low))
    return student_hits / runs, wider_hits / runs, statistics.fmean(widths)


def stopped_coverage(spread: float, *, runs: int, seed: int) -> tuple[float, float]:
    """Return the coverage of Student's interval at the end of runs that stop by precision, and the median of rounds.

    Args:
        spread: Standard deviation of the logarithms of the pairs.
        runs: Number of runs.
        seed: Seed of the samples.
    """
    source = Source(seed)
    hits, rounds = 0, []
    for _ in range(runs):
        samples = [source.gauss(0, spread) for _ in range(MIN_ROUNDS)]
        while paired(samples).precision > PRECISION and len(samples) < MAX_ROUNDS:
            samples.append(source.gauss(0, spread))
        ratio = paired(samples)
        hits += ratio.low <= 1 <= ratio.high
        rounds.append(len(samples))
    return hits / runs, statistics.median(rounds)


def main() -> None:
    """Simulate every distribution and number of samples, and print the coverages."""
    parser = argparse.ArgumentParser(prog="python -m bench.intervals", description=__doc__)
    parser.add_argument("--runs", type=int, default=2000, help="intervals of each kind (default: 2000)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the samples (default: 1)")
    options = parser.parse_args()
    print(f"{'samples':20} {'Student':>8} {'or bootstrap':>13} {'width':>6}")
    for name in DISTRIBUTIONS:
        for count in COUNTS:
            student_share, wider_share, width = coverage(name, count, runs=options.runs, seed=options.seed)
            label = f"{count} {name}"
            print(f"{label:20} {student_share:8.1%} {wider_share:13.1%} {width:6.3f}", flush=True)
    print(f"\n{'stopped at ± 3 %':20} {'Student':>8} {'rounds':>13}")
    for spread in SPREADS:
        share, rounds = stopped_coverage(spread, runs=options.runs, seed=options.seed)
        print(f"{f'spread {spread:.0%}':20} {share:8.1%} {rounds:13g}", flush=True)


if __name__ == "__main__":
    main()
