"""A server that does anything wrong has no figures, whatever the engine and the load, and whenever the fault begins."""

import re
from collections.abc import Callable

import pytest

from tests.broken import late_failures
from tests.made_up import run
from upecho.load.engine import best
from upecho.measure import trial_runner
from upecho.measure.cores import Cores
from upecho.measure.plan.cell_plan import every_cell
from upecho.measure.plan.scenarios import Scenario
from upecho.measure.plan.settings import Window
from upecho.measure.results import RequestedCell
from upecho.measure.statistics.summary import Summary
from upecho.measure.trial_runner import TrialRunner
from upecho.measure.trials import Trial
from upecho.net.address import Family
from upecho.processes.supervisor import Supervisor
from upecho.serving.target import Target

SIZE = late_failures.REQUEST_BYTES
# When the window begins, either scenario has used up the connections that late failures serve correctly.
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
    """Measure a target, with a short deadline if it is expected to time out."""

    def measured(target: str, engine: str, scenario: Scenario, failure: str = "") -> Trial:
        if failure == "timed out":
            monkeypatch.setattr(trial_runner, "DEADLINE_SECONDS", 1.0)
        runner = TrialRunner(supervisor, Cores(), Window(0.01, 0.02, 1, engine))
        (planned,) = every_cell([Target.parse(target)], [Family.UNIX], [scenario])
        return runner.measure(planned, round_number=1)

    return measured


def expect_no_figures(trial: Trial, scenario: Scenario) -> None:
    summary = Summary.of(run({}, trials=(trial,), requested=(RequestedCell(trial.cell),), scenarios=(scenario,)))
    (row,) = summary.rows
    assert (row.figures, row.target_failed) == (None, True)
    assert summary.claims.costs.groups() == {}


@pytest.mark.parametrize(("engine", "scenario"), LOADS)
def test_correct_server_has_no_failure(measured: Measure, engine: str, scenario: Scenario) -> None:
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
def test_broken_server_has_no_figures(
    measured: Measure, target: str, failure: str, engine: str, scenario: Scenario
) -> None:
    trial = measured(f"tests.broken.{target}", engine, scenario, failure)
    assert re.search(failure, trial.failure)
    expect_no_figures(trial, scenario)


@pytest.mark.parametrize(("engine", "scenario"), LOADS)
@pytest.mark.parametrize(
    ("target", "failure"),
    [
        # os._exit in several threads at once, in each of which coverage saves its data
        pytest.param("exits", "ended with exit status 7", marks=pytest.mark.unmeasured),
        ("truncates", "timed out"),
        ("sends_surplus", "surplus"),
        ("stalls", "timed out"),
        ("lower_case", "mismatch"),
        ("repeats_old_data", "mismatch"),
    ],
)
def test_server_that_breaks_during_the_window_has_no_figures(
    measured: Measure, target: str, failure: str, engine: str, scenario: Scenario
) -> None:
    trial = measured(f"tests.broken.late_failures:{target}", engine, scenario, failure)
    assert re.search(failure, trial.failure)
    assert trial.load
    assert trial.load.errors
    assert (trial.capacity is None) == (scenario.share is None), "it broke before the window"
    expect_no_figures(trial, scenario)
