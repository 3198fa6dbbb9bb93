"""Results survive the way through JSON, and anything that is no results file is refused."""

import dataclasses
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import results_schema
from tests.made_up import cell, failed, requested
from upecho.load.engine import best
from upecho.load.latency import Latency
from upecho.load.plan import Failure, LoadResult, ServerUse
from upecho.measure import environment
from upecho.measure.cores import Cores
from upecho.measure.environment import Environment
from upecho.measure.plan.cells import Reference
from upecho.measure.plan.scenarios import SCENARIOS, Scenario
from upecho.measure.plan.settings import Limits, Window
from upecho.measure.results import RequestedCell, Results, read_results
from upecho.measure.statistics.plausibility import Void, VoidReason
from upecho.measure.throttling import Throttling
from upecho.measure.trials import Fault, Finding, Trial
from upecho.support.errors import CallerError

LATENCY = Latency.of([1000, 2345, 3999])
GOOD = LoadResult("python", 3, 192, 9000, 8000, ServerUse(600, 400, 200, 1, 5000, 6000, 1), True, LATENCY, {})
BAD = LoadResult("python", 0, 0, 0, 0, None, False, Latency.of([]), {Failure.RESET: 3})

COLD = cell("a", "inet", "latency", cold=True, python="3.14.0")
RESULTS = Results(
    environment=Environment.here(Cores((0,), (1, 2))),
    reference=Reference("b", "3.14.0"),
    window=Window(0.1, 1.0, seed=5, engine="python"),
    limits=Limits(3, 60.0, min_rounds=2, precision=0.03, copies=True),
    checked=True,
    scenarios=SCENARIOS,
    requested=(
        requested("a", "inet", "latency"),
        requested(
            "b", "unix", "bulk", unsupported="serves at most 1 client", failed_checks=("echo-hello", "half-close")
        ),
        RequestedCell(COLD),
    ),
    trials=(
        Trial(cell("a", "inet", "latency"), 1, GOOD),
        Trial(cell("a", "inet", "latency"), 2, BAD, failed("3 reset")),
        Trial(cell("b", "unix", "bulk"), 2, None, (Finding(Fault.NOT_READY, "did not become ready"),)),
        Trial(
            COLD,
            2,
            GOOD,
            (),
            Void(VoidReason.LITTLES_LAW, "too good"),
            ("stolen",),
            4096,
            1000.5,
            Throttling(83, 73, 5_000_000),
        ),
    ),
    pythons={"3.14.0": "CPython 3.14.0"},
    packages={"": {"uvloop": "0.23.0"}, "3.14.0": {"trio": "0.35.0"}},
)


def test_results_survive_json() -> None:
    assert Results.from_json(RESULTS.to_json()) == RESULTS


def test_time_of_processes_that_ended_may_be_missing() -> None:
    lost = ServerUse(-600, -400, -200, 1, 5000, 6000, 1)
    load = dataclasses.replace(GOOD, server=lost, stolen_ns=-1)
    trial = Trial(COLD, 2, load, void=Void(VoidReason.CPU_TIME_LOST, "lost"))
    results = dataclasses.replace(RESULTS, trials=(trial,))
    assert Results.from_json(results.to_json()) == results


def test_published_schema_is_up_to_date() -> None:
    command = "python -m tests.results_schema > docs/results.schema.json"
    assert Path("docs/results.schema.json").read_text() == results_schema.text(), command


def test_schema_accepts_results_and_nothing_else() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    check = jsonschema.Draft202012Validator(results_schema.schema())
    fields = json.loads(RESULTS.to_json())
    check.validate(fields)
    wrongs: list[dict[str, object]] = [{"version": 1}, {"trials": [{}]}, {"more": 1}, {"checked": "yes"}]
    for wrong in wrongs:
        assert not check.is_valid(fields | wrong)


def test_environment_describes_the_machine() -> None:
    here = RESULTS.environment
    assert here.cpu
    assert "." in here.python
    assert here.core_count >= 1
    assert here.started.endswith("+00:00")
    assert here.load >= 0
    assert bool(here.native) == (best() == "native")


def test_what_the_system_does_not_report_is_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> tuple[float, float, float]:
        raise OSError

    (tmp_path / "governor").write_text("powersave\n")
    monkeypatch.setattr(environment, "GOVERNOR", tmp_path / "governor")
    monkeypatch.setattr(environment, "CLOCK_SOURCE", tmp_path / "none")
    monkeypatch.setattr(os, "getloadavg", unknown)
    monkeypatch.setitem(sys.modules, "upecho.support._native", None)
    monkeypatch.delattr("upecho.support._native", raising=False)
    here = Environment.here(Cores())
    assert (here.governor, here.clock_source, here.load, here.native) == ("powersave", "", 0.0, "")


@pytest.mark.parametrize("missing", ["environment", "window", "trials", "pythons"])
def test_missing_part_is_an_error(missing: str) -> None:
    fields = json.loads(RESULTS.to_json())
    del fields[missing]
    with pytest.raises(CallerError, match=f"invalid results file: it has no '{missing}'"):
        Results.from_json(json.dumps(fields))


@pytest.mark.parametrize("length", [0, 1, 1000, -2])
def test_truncated_file_is_an_error(length: int, tmp_path: Path) -> None:
    file = tmp_path / "cut.json"
    file.write_text(RESULTS.to_json()[:length])
    with pytest.raises(CallerError, match=rf"^{file}: not a results file: not JSON, or incomplete"):
        read_results(file)


def test_missing_or_binary_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CallerError, match="No such file"):
        read_results(tmp_path / "none.json")
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe")
    with pytest.raises(CallerError, match="not UTF-8 text"):
        read_results(tmp_path / "binary.json")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "not a results file: not JSON"),
        ("[]", 'not a results file: "schema" is not "upecho-results"'),
        ('{"schema": "other"}', "not a results file"),
        ('{"schema": "upecho-results", "version": 99}', "results file of version 99, but this upecho reads version 6"),
        ('{"schema": "upecho-results"}', "results file of version None"),
    ],
)
def test_other_content_is_an_error(text: str, complaint: str) -> None:
    with pytest.raises(CallerError, match=complaint):
        Results.from_json(text)


LOADED = dataclasses.replace(RESULTS.trials[0], load=dataclasses.replace(GOOD, engine="native"))


@pytest.mark.parametrize(
    ("parts", "complaint"),
    [
        ({"trials": (LOADED,)}, "trials[0] was loaded by the engine native, but the engine of the run is python"),
        ({"requested": RESULTS.requested[1:]}, "trials[0] is about a cell that was not requested"),
        ({"requested": RESULTS.requested * 2}, "one cell was requested twice"),
        ({"scenarios": (*SCENARIOS, SCENARIOS[0])}, "two scenarios have the same name"),
        (
            {"scenarios": (*SCENARIOS, Scenario("half", 1, 64, curve="open-loop"))},
            f"scenarios[{len(SCENARIOS)}] is a point of a latency curve, but has no share",
        ),
        (
            {"scenarios": (*SCENARIOS, Scenario("step", 1, 64, share=0.5, ladder="sizes"))},
            f"scenarios[{len(SCENARIOS)}] is a step of a size ladder, but has a share",
        ),
    ],
)
def test_what_no_run_can_have_produced_is_an_error(parts: dict[str, Any], complaint: str) -> None:
    with pytest.raises(CallerError) as refused:
        Results.from_json(dataclasses.replace(RESULTS, **parts).to_json())
    assert str(refused.value) == f"invalid results file: {complaint}; measure again with upecho bench --save"
