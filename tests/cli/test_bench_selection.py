"""What is measured where nothing, or everything, was asked for; what cannot be had is left out aloud."""

import pytest

from upecho.cli import bench_selection
from upecho.measure.cells import SCENARIOS
from upecho.serving import inventory


def test_of_all_scenarios_those_that_the_engine_knows_not_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    found = bench_selection.scenarios(["all"], "python")
    assert [one.name for one in found] == ["latency", "throughput", "bulk", "idle", "idle-10000"]
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(": ")[1] for line in lines] == ["pipelining", "churn", "open-loop"]


def test_a_scenario_that_was_named_is_not_left_out() -> None:
    churn = [one for one in SCENARIOS if one.churn]
    assert bench_selection.scenarios(["churn", "churn"], "python") == churn


@pytest.mark.parametrize(("named", "said"), [(["threads"], True), (["native"], False), ([], False)])
def test_a_baseline_that_is_missing_is_missed_aloud(
    named: list[str], said: bool, *, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        inventory, "implementations", lambda: [inventory.ImplementationEntry("native", unavailable="not built")]
    )
    bench_selection.miss_baseline(named)
    assert capsys.readouterr().err == ("left out: native: not built\n" if said else "")
