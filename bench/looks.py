"""``python -m bench.looks``: how often an A/B test of equal sides claims a difference.

It draws the samples of rounds, which are logarithms of ratios, and looks at their interval as ``upecho bench --ab``
does: after the same numbers of rounds, and with the same confidence. For comparison, the second column looks as often
at 95 % intervals. The distributions are those of ``bench.intervals``; a skewed sample is the difference of two, because
either side of a round may be disturbed.
"""

import argparse

from bench.intervals import DISTRIBUTIONS, Source
from upecho.cli.bench.ab import ROUNDS
from upecho.measure.statistics.ratios import CONFIDENCE, Estimate
from upecho.measure.statistics.sequential import LOOKS, looks


def claims(name: str, source: Source, confidence: float) -> bool:
    """Return whether a run claims a difference at any look."""
    draw = DISTRIBUTIONS[name]
    samples: list[float] = []
    for rounds in looks(ROUNDS):
        while len(samples) < rounds:
            samples.append(draw(source) - (draw(source) if name == "skewed" else 0.0))
        estimate = Estimate.of(samples)
        if abs(estimate.mean) > estimate.half_width(confidence):
            return True
    return False


def main() -> None:
    """Simulate every distribution, and print the shares of the runs that claim a difference."""
    parser = argparse.ArgumentParser(prog="python -m bench.looks", description=__doc__)
    parser.add_argument("--runs", type=int, default=5000, help="runs of each kind (default: 5000)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the samples (default: 1)")
    options = parser.parse_args()
    print(f"{'samples':14} {'A/B test':>9} {'uncorrected':>12}")
    for name in DISTRIBUTIONS:
        source = Source(options.seed)
        shares = [
            sum(claims(name, source, confidence) for _ in range(options.runs)) / options.runs
            for confidence in (1 - (1 - CONFIDENCE) / LOOKS, CONFIDENCE)
        ]
        print(f"{name:14} {shares[0]:9.1%} {shares[1]:12.1%}", flush=True)


if __name__ == "__main__":
    main()
