"""The defaults of a run, and the report of what it skips."""

import pytest

from upecho.cli import bench_selection
from upecho.measure.plan.scenarios import SCENARIOS
from upecho.serving import inventory


def test_all_skips_the_scenarios_that_the_engine_does_not_support(capsys: pytest.CaptureFixture[str]) -> None:
    found = bench_selection.scenarios(["all"], "python")
    assert [one.name for one in found] == ["latency", "throughput", "bulk", "idle", "idle-10000"]
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(": ")[0] for line in lines] == ["skipping pipelining", "skipping churn", "skipping open-loop"]


def test_named_scenario_is_not_skipped() -> None:
    churn = [one for one in SCENARIOS if one.churn]
    assert bench_selection.scenarios(["churn", "churn"], "python") == churn


@pytest.mark.parametrize(("named", "reported"), [(["threads"], True), (["native"], False), ([], False)])
def test_missing_baseline_is_reported_unless_it_was_named(
    named: list[str], reported: bool, *, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [inventory.ImplementationEntry("native", unavailable="not built")]
    monkeypatch.setattr(inventory, "implementations", lambda _without=(): rows)
    bench_selection.report_missing_baseline(named)
    assert capsys.readouterr().err == ("skipping native: not built\n" if reported else "")
