"""What reports say about servers that ran already."""

from typing import Any

import pytest

from tests.made_up import cell, load, requested, run
from upecho.measure.results import Running
from upecho.measure.statistics.changes import Changes
from upecho.measure.statistics.summary import Summary
from upecho.measure.trials import Trial
from upecho.report.benchmark import observation

pytestmark = pytest.mark.once

HERE = "127.0.0.1:9000"


def results(running: Running, **more: Any) -> Summary:
    trials = tuple(Trial(cell(HERE), number, load(1.0), **more) for number in (1, 2))
    return Summary.of(run({}, requested=(requested(HERE, running=running),), trials=trials))


def test_servers_that_upecho_started_are_not_mentioned() -> None:
    assert not list(observation.remarks(Summary.of(run({"a": [1.0, 2.0]}))))


@pytest.mark.parametrize(
    ("running", "line"),
    [
        (Running((7, 8)), f"{HERE}: CPU time of process 7, 8 and all descendants"),
        (Running(group="/a"), f"{HERE}: CPU time of the control group /a"),
        (Running(), f"{HERE}: CPU time unknown, because neither --pid nor --cgroup was given"),
    ],
)
def test_meaning_and_source_of_the_figures_are_shown(running: Running, line: str) -> None:
    meaning, *others = observation.remarks(results(running))
    assert meaning.startswith(f"{HERE} ran already, so that all trials are of the same process")
    assert others == [line]


def test_shared_core_is_shown_with_the_command_that_prevents_it() -> None:
    *_, last = observation.remarks(results(Running((7,)), shares_core=True))
    assert last.startswith(f"{HERE} may run on the core of the load engine")
    assert last.endswith("taskset -acp 1 PID")


def test_comparison_says_that_it_includes_the_difference_between_processes() -> None:
    summary = results(Running((7,)))
    (line,) = observation.cautions(Changes(summary.results, summary.results))
    assert line.startswith(f"{HERE} ran already: each run is of one process")
    started = run({HERE: [1.0, 2.0]})
    assert not list(observation.cautions(Changes(started, started)))
