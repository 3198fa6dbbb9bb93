"""The answer of an A/B test in one sentence, and what its limits say."""

import dataclasses
from collections.abc import Sequence

import pytest

from tests.made_up import cell, run
from upecho.cli.console import console
from upecho.measure.plan.ab_test import ABTest, Limit, Pair
from upecho.measure.results import Results
from upecho.measure.statistics.sequential import Verdicts
from upecho.measure.statistics.summary import Summary
from upecho.report.benchmark.answers import sentence
from upecho.report.benchmark.comparison import comparison

pytestmark = pytest.mark.once

PAIR = Pair(cell("a"), cell("b"))
STEADY = [10.0, 10.01, 9.99, 10.0, 10.01, 9.99]


def made(new: Sequence[float] | str, *limits: Limit, **parts: object) -> Results:
    return dataclasses.replace(
        run({"a": STEADY if not isinstance(new, str) else [], "b": new}, checked=True),
        ab_test=ABTest((PAIR,), "cpu", margin=0.01, limits=limits),
        **parts,  # type: ignore[arg-type]
    )


def answer(new: Sequence[float]) -> str:
    results = made(new)
    assert results.ab_test
    return sentence(PAIR, Verdicts(results.ab_test, results.trials))


def shown(results: Results) -> str:
    terminal = console()
    with terminal.capture() as capture:
        terminal.print(comparison(Summary.of(results), 100))
    return " ".join(capture.get().split())


def test_answer_has_a_verdict_a_ratio_and_an_interval() -> None:
    rest = "times the CPU time per request of a, after 6 rounds"
    assert answer([2 * one for one in reversed(STEADY)]) == f"b costs more: 2.000 [1.997, 2.003] {rest}."
    assert answer([one / 2 for one in reversed(STEADY)]) == f"b costs less: 0.500 [0.499, 0.501] {rest}."
    assert answer(STEADY[::-1]) == f"No difference larger than 1.0%: b takes 1.000 [0.998, 1.002] {rest}."


def test_undecided_answer_says_how_large_the_difference_may_be() -> None:
    text = answer([10.4, 9.8, 10.2, 10.0, 10.3, 9.7])
    assert text.startswith("Undecided: b takes 1.006 [")
    assert text.endswith("; a difference of up to 5.9% is possible.")
    assert answer(STEADY[:2]) == "Undecided: too few rounds for an interval of the CPU time per request."


def test_report_shows_figures_answer_and_limits() -> None:
    text = shown(made([2 * one for one in STEADY], Limit("cpu", 0.05), Limit("p99", 0.2), Limit("memory", 0.1)))
    assert "chat over unix 64 connections, 1 KiB messages BASE a NEW b" in text
    assert "CPU time per request, µs 10.0 20.0 2.000 [2.000, 2.000]" in text
    assert "b costs more: 2.000 [2.000, 2.000] times" in text
    assert "--fail-above cpu=5: CPU time per request 2.000 [2.000, 2.000] times: above the limit" in text
    assert "--fail-above p99=20: p99 latency 1.000 [1.000, 1.000] times: within the limit" in text
    assert "--fail-above memory=10: peak memory unknown: undecided" in text
    assert "All intervals together contain the truth with a probability of 95%" in text


def test_side_without_figures_has_a_reason_instead() -> None:
    text = shown(made("1 mismatch"))
    assert "b: failed: 1 mismatch" in text
    assert "times" not in text


def test_results_file_keeps_the_test() -> None:
    results = made(STEADY, Limit("p99", 0.2))
    assert Results.from_json(results.to_json()) == results
