"""The defaults of a run, and the report of what it skips."""

from dataclasses import replace

import pytest

from upecho.cli.bench import choices
from upecho.conformance.run.preconditions import Tried
from upecho.measure.plan import pythons
from upecho.measure.plan.cell_plan import PlannedCell, every_cell
from upecho.measure.plan.cells import BASELINE, Reference
from upecho.measure.plan.scenarios import SCENARIOS, THROUGHPUT
from upecho.net.address import Family
from upecho.processes.interpreter import Interpreter
from upecho.serving import inventory
from upecho.serving.target import Target
from upecho.support.errors import CallerError

THROUGHPUT_ONLY = (THROUGHPUT,)


def test_default_is_used_if_nothing_is_named() -> None:
    assert choices.scenarios([], "python", THROUGHPUT_ONLY) == [THROUGHPUT]


def test_all_skips_the_scenarios_that_the_engine_does_not_support(capsys: pytest.CaptureFixture[str]) -> None:
    found = choices.scenarios(["all"], "python", THROUGHPUT_ONLY)
    assert [one.name for one in found] == [
        *("latency", "throughput", "bulk", "idle", "idle-10000"),
        *("sizes-64B", "sizes-1KiB", "sizes-10KiB", "sizes-100KiB", "sizes-1MiB"),
    ]
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(": ")[0] for line in lines] == ["skipping pipelining", "skipping churn", "skipping open-loop"]


def test_named_scenario_is_not_skipped() -> None:
    churn = [one for one in SCENARIOS if one.churn]
    assert choices.scenarios(["churn", "churn"], "python", THROUGHPUT_ONLY) == churn


@pytest.mark.parametrize(("named", "reported"), [(["threads"], True), (["native"], False), ([], False)])
def test_missing_baseline_is_reported_unless_it_was_named(
    named: list[str], reported: bool, *, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        inventory, "implementation", lambda row: inventory.ImplementationEntry(row.name, unavailable="not built")
    )
    choices.report_missing_baseline(named)
    assert capsys.readouterr().err == ("skipping native: not built\n" if reported else "")


PYTHONS = {version: Interpreter(f"/bin/python{version}", f"CPython {version}") for version in ("3.13.0", "3.14.0")}


def planned(*targets: str, cold: bool = False) -> list[PlannedCell]:
    """Return the cells of targets on two Pythons."""
    return every_cell(
        [Target.implementation(one) for one in targets], [Family.UNIX], SCENARIOS[:1], pythons=PYTHONS, cold=cold
    )


def test_reference_among_the_targets_is_not_added() -> None:
    cells = planned("a", "b", cold=True)
    assert choices.with_reference(cells, planned("b")) == cells
    assert choices.chosen_reference(cells, Target.implementation("b")) == Reference("b", "3.13.0")


def test_added_reference_runs_with_the_first_python_that_can_load_it() -> None:
    cells = choices.with_reference(planned("a"), planned("b"))
    assert cells == [*planned("a"), *(replace(one, added=True) for one in planned("b"))]
    loadable = [one for one in cells if (one.cell.target, one.cell.python) != ("b", "3.13.0")]
    for left, python in ((cells, "3.13.0"), (loadable, "3.14.0")):
        reference = choices.chosen_reference(left, Target.implementation("b"))
        assert reference == Reference("b", python)
        kept = choices.without_other_references(left, reference)
        assert [one.cell.python for one in kept if one.cell.target == "b"] == [python]
        assert kept[:2] == planned("a")


def test_reference_that_no_interpreter_can_load_is_an_error() -> None:
    with pytest.raises(CallerError, match=r"^no interpreter can load the reference b$"):
        choices.chosen_reference(planned("a"), Target.implementation("b"))


def test_baseline_as_the_reference_adds_nothing() -> None:
    target = choices.reference_target("", Tried({}, {}))
    assert target.text == BASELINE
    assert choices.with_reference(planned("a"), planned(BASELINE)) == planned("a")
    assert choices.chosen_reference(planned("a"), target) == Reference()


def test_run_in_which_only_the_reference_can_be_loaded_has_nothing_to_measure(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = choices.with_reference(planned("a"), planned("b"))
    lacking = dict.fromkeys(planned("a"), "not installed")
    monkeypatch.setattr(pythons, "unloadable", lambda _cells: lacking)
    with pytest.raises(CallerError, match="nothing to measure"):
        choices.loadable(cells, {})


def test_address_is_refused_by_a_run_that_starts_each_server_itself() -> None:
    nothing = Tried({}, {})
    assert [one.text for one in choices.targets(["127.0.0.1:80"], nothing, addresses=True)] == ["127.0.0.1:80"]
    with pytest.raises(CallerError, match=r"^this run starts each server itself, so it cannot measure '127.0.0.1:80'$"):
        choices.targets(["127.0.0.1:80"], nothing)
