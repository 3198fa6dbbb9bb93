"""The file for github-action-benchmark has an entry for each cost and ratio, with its interval."""

import dataclasses
import json
from typing import Any

import pytest

from tests.made_up import CHAT, MACHINE, cell, requested, run
from upecho.measure.plan.cells import Reference
from upecho.measure.plan.scenarios import curve
from upecho.measure.results import Results
from upecho.measure.statistics.summary import Summary
from upecho.report.export.github_action_benchmark import github_action_benchmark

pytestmark = pytest.mark.once

NATIVE = [2.0, 2.02, 1.98, 2.0, 2.02, 1.98]
STEADY = [4.0, 4.04, 3.96, 4.0, 3.96, 4.04]
RUN = run({"a": STEADY, "native": NATIVE})


def entries(results: Results) -> dict[str, dict[str, Any]]:
    found = json.loads(github_action_benchmark(Summary.of(results)))
    assert len({one["name"] for one in found}) == len(found)
    return {one["name"]: one for one in found}


def test_entries_have_the_keys_of_the_format() -> None:
    found = entries(RUN)
    assert list(found) == ["chat over unix: a", "chat over unix: a, relative to native", "chat over unix: native"]
    for one in found.values():
        assert set(one) == {"name", "unit", "value", "range", "extra"}
        assert isinstance(one["value"], float)
        assert all(isinstance(one[key], str) for key in ("name", "unit", "range", "extra"))


def test_cost_is_in_microseconds_with_half_of_its_interval() -> None:
    one = entries(RUN)["chat over unix: a"]
    assert (one["value"], one["unit"]) == (4.0, "µs of CPU time per request")
    assert one["range"] == "± 0.038"  # Student's t of 5 degrees, 2.571, times the standard deviation 0.0358 / sqrt(6)
    assert one["extra"] == (
        "6 trials, 6 rounds\n125 000 requests/s\np50 1.00 µs, p99 1.00 µs\nupecho 1, CPython 3, Linux 6, A CPU"
    )


def test_ratio_has_the_interval_of_its_pairs() -> None:
    one = entries(RUN)["chat over unix: a, relative to native"]
    assert (one["value"], one["unit"]) == (2.0, "ratio")
    assert 0.01 < float(one["range"].removeprefix("± ")) < 0.1


def test_names_distinguish_families_scenarios_pythons_and_cold_servers() -> None:
    trials = [dataclasses.replace(one, cell=cell("a", cold=True, python="3.14.0")) for one in RUN.trials[:6]]
    parts = {"requested": [*RUN.requested, dataclasses.replace(requested("a"), cell=trials[0].cell)]}
    assert "chat over unix: a 3.14.0 cold" in entries(
        dataclasses.replace(RUN, trials=(*RUN.trials, *trials), requested=tuple(parts["requested"]))
    )
    assert "chat over inet: a" in entries(run({"a": STEADY}, families=("inet",)))


def test_cell_without_figures_is_left_out() -> None:
    assert list(entries(run({"a": STEADY, "b": "1 reset"}))) == ["chat over unix: a"]


def test_too_few_rounds_have_no_interval() -> None:
    one = entries(run({"a": STEADY[:3]}))["chat over unix: a"]
    assert (one["value"], "range" in one) == (4.0, False)
    assert "range" not in entries(run({"a": STEADY[:1]}))["chat over unix: a"]


def test_there_is_a_ratio_only_where_the_reference_has_figures() -> None:
    assert list(entries(run({"a": STEADY, "b": NATIVE}))) == ["chat over unix: a", "chat over unix: b"]
    relative = run({"a": STEADY, "b": NATIVE}, reference=Reference("b"))
    assert "chat over unix: a, relative to b" in entries(relative)
    broken = run({"a": STEADY, "native": NATIVE, "b": "1 reset"}, reference=Reference("b"))
    assert list(entries(broken)) == ["chat over unix: a", "chat over unix: native"]


def test_points_of_a_latency_curve_have_no_ratio() -> None:
    points = tuple(dataclasses.replace(one, name=CHAT.name) for one in curve("load", 1, message_size=64, shares=(10,)))
    assert list(entries(dataclasses.replace(RUN, scenarios=points))) == ["chat over unix: a", "chat over unix: native"]


def test_doubts_are_noted() -> None:
    busy = entries(run({"a": STEADY}, disturbed=6))["chat over unix: a"]["extra"]
    assert "the machine was too busy: 100% of the trials were disturbed\n" in busy
    failing = run({"a": STEADY}, requested=(requested("a", failed_checks=("half-close",)),))
    assert "fails 1 conformance check\n" in entries(failing)["chat over unix: a"]["extra"]


def test_elapsed_time_is_named_where_cpu_time_is_unknown() -> None:
    trials = tuple(
        dataclasses.replace(one, load=dataclasses.replace(one.load, server=None)) for one in RUN.trials if one.load
    )
    one = entries(dataclasses.replace(RUN, trials=trials, environment=MACHINE))["chat over unix: a"]
    assert (one["value"], one["unit"]) == (8.0, "µs per request")
