"""A server that does anything wrong has no numbers: whichever engine puts which load on it, and whenever it begins."""

import re
from collections.abc import Callable

import pytest

from tests.broken import late_failures
from tests.made_up import run
from upecho.load.engine import best
from upecho.measure import trials
from upecho.measure.cells import Cell, Scenario
from upecho.measure.cores import Cores
from upecho.measure.results import Wanted
from upecho.measure.statistics.claims import Claims
from upecho.measure.statistics.summary import summarise
from upecho.measure.trials import Bench, Trial, Window
from upecho.net.address import Family
from upecho.processes.supervisor import Supervisor

SIZE = late_failures.REQUEST_BYTES
# Both have had as many connections as late failures serve well when it comes to the load that counts.
CLOSED = Scenario("closed", late_failures.CORRECT_CONNECTIONS, SIZE)
SCHEDULED = Scenario("scheduled", late_failures.CORRECT_CONNECTIONS // 2, SIZE, share=0.5)

needs_native = pytest.mark.skipif(best() != "native", reason="the C extension was not built")
LOADS = [
    pytest.param("python", CLOSED, id="python-closed"),
    pytest.param("native", CLOSED, id="native-closed", marks=needs_native),
    pytest.param("native", SCHEDULED, id="native-scheduled", marks=needs_native),
]


Measure = Callable[..., Trial]


@pytest.fixture
def measured(supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch) -> Measure:
    """Measure a target; one that is to be waited for in vain has little time."""

    def measured(target: str, engine: str, scenario: Scenario, failure: str = "") -> Trial:
        if failure == "timed out":
            monkeypatch.setattr(trials, "DEADLINE_SECONDS", 1.0)
        bench = Bench(supervisor, Cores(), Window(0.01, 0.02, 1, engine))
        return bench.measure(Cell(target, Family.UNIX, scenario), round_number=1)

    return measured


def expect_no_numbers(trial: Trial, scenario: Scenario) -> None:
    wanted = Wanted(trial.target, trial.family, scenario.name)
    results = run({}, trials=(trial,), wanted=(wanted,), scenarios=(scenario,))
    (row,) = summarise(results)
    assert (row.numbers, row.failed) == (None, True)
    assert Claims(results).costs.groups() == {}


@pytest.mark.parametrize(("engine", "scenario"), LOADS)
def test_those_who_behave_have_numbers(measured: Measure, engine: str, scenario: Scenario) -> None:
    assert measured("threads", engine, scenario).failure == ""


@pytest.mark.parametrize(("engine", "scenario"), LOADS)
@pytest.mark.parametrize(
    ("target", "failure"),
    [
        ("wrong_timing:closes_immediately", "early end|reset"),
        ("wrong_bytes:drops_last_byte", "timed out"),
        ("wrong_bytes:adds_newline", "surplus"),
        ("wrong_timing:silent", "timed out"),
        ("wrong_bytes:lower_case", "mismatch"),
    ],
)
def test_who_is_broken_has_none(measured: Measure, target: str, failure: str, engine: str, scenario: Scenario) -> None:
    trial = measured(f"tests.broken.{target}", engine, scenario, failure)
    assert re.search(failure, trial.failure)
    expect_no_numbers(trial, scenario)


@pytest.mark.parametrize(("engine", "scenario"), LOADS)
@pytest.mark.parametrize(
    ("target", "failure"),
    [
        ("exits", "ended with status 7"),
        ("truncates", "timed out"),
        ("sends_surplus", "surplus"),
        ("stalls", "timed out"),
        ("lower_case", "mismatch"),
        ("repeats_old_data", "mismatch"),
    ],
)
def test_who_breaks_only_when_it_counts_has_none(
    measured: Measure, target: str, failure: str, engine: str, scenario: Scenario
) -> None:
    trial = measured(f"tests.broken.late_failures:{target}", engine, scenario, failure)
    assert re.search(failure, trial.failure)
    assert trial.load
    assert trial.load.errors
    assert (trial.capacity is None) == (scenario.share is None), "it broke before it counted"
    expect_no_numbers(trial, scenario)
