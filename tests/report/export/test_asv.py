"""The files for asv have the keys that its documentation describes; asv itself reads what is not NaN or null."""

import dataclasses
import json
import math
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any

import pytest

from tests.made_up import CHAT, requested, run
from upecho.measure.results import Results
from upecho.measure.statistics.summary import Summary
from upecho.report.export.asv import BENCHMARKS, Commit, asv

pytestmark = pytest.mark.once

NATIVE = [2.0, 2.02, 1.98, 2.0, 2.02, 1.98]
STEADY = [4.0, 4.04, 3.96, 4.0, 3.96, 4.04]
RUN = run({"a": STEADY, "native": NATIVE}, families=("inet", "unix"))
COMMIT = Commit("0123456789abcdef0123456789abcdef01234567", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
MACHINE = PurePath("a-cpu-2-cores")
RESULTS = MACHINE / "01234567-upecho-cpython-3.json"


def files(results: Results, known: dict[str, Any] | None = None) -> dict[PurePath, dict[str, Any]]:
    return {path: json.loads(text) for path, text in asv(Summary.of(results), COMMIT, known=known or {}).items()}


def row(results: Results, benchmark: str = "upecho.chat.cost") -> dict[str, Any]:
    content = files(results)[RESULTS]
    return dict(zip(content["result_columns"], content["results"][benchmark], strict=True))


def test_files_are_where_asv_looks_for_them() -> None:
    found = files(RUN)
    assert list(found) == [BENCHMARKS, MACHINE / "machine.json", RESULTS]
    assert found[MACHINE / "machine.json"] == {
        "machine": "a-cpu-2-cores",
        "os": "Linux 6",
        "cpu": "A CPU",
        "num_cpu": "2",
        "version": 1,
    }


def test_results_belong_to_the_commit() -> None:
    content = files(RUN)[RESULTS]
    assert content["version"] == 2
    assert (content["commit_hash"], content["date"]) == (COMMIT.hash, 1767323045000)
    assert (content["env_name"], content["python"]) == ("upecho-cpython-3", "CPython 3")
    assert content["params"] == {
        "machine": "a-cpu-2-cores",
        "os": "Linux 6",
        "cpu": "A CPU",
        "num_cpu": "2",
        "python": "CPython 3",
    }
    assert set(content) >= {"requirements", "env_vars", "durations", "result_columns", "results"}


def test_each_scenario_is_a_benchmark_of_the_cost_and_one_of_the_ratio() -> None:
    found = files(RUN)[BENCHMARKS]
    assert list(found) == ["upecho.chat.cost", "upecho.chat.ratio", "version"]
    assert found["version"] == 2
    cost = found["upecho.chat.cost"]
    assert (cost["name"], cost["type"], cost["unit"]) == ("upecho.chat.cost", "time", "seconds")
    assert (cost["param_names"], cost["params"]) == (["server", "family"], [["'a'", "'native'"], ["'inet'", "'unix'"]])
    assert found["upecho.chat.ratio"]["type"] == "track"


def test_values_are_in_the_order_of_the_parameters_with_intervals() -> None:
    found = row(RUN)
    assert found["params"] == [["'a'", "'native'"], ["'inet'", "'unix'"]]
    assert found["result"] == [4e-6, 4e-6, 2e-6, 2e-6]
    assert found["stats_ci_99_a"][0] < 4e-6 < found["stats_ci_99_b"][0] < 4.1e-6
    assert found["stats_q_25"][0] < 4e-6 < found["stats_q_75"][0]
    assert (found["stats_number"][0], found["stats_repeat"][0]) == (1, 6)
    assert found["version"] == files(RUN)[BENCHMARKS]["upecho.chat.cost"]["version"]


def test_ratio_of_the_reference_to_itself_is_skipped() -> None:
    found = row(RUN, "upecho.chat.ratio")
    assert found["result"][:2] == [2.0, 2.0]
    assert all(math.isnan(value) for value in found["result"][2:])


def test_server_is_failed_only_if_it_is_to_blame() -> None:
    found = row(run({"a": STEADY, "b": "1 reset"}))
    assert found["result"] == [4e-6, None]
    limited = run({"a": STEADY}, requested=(requested("a"), requested("b", unsupported="serves 1 client")))
    assert math.isnan(row(limited)["result"][1])


def test_single_round_has_no_interval() -> None:
    found = row(run({"a": STEADY[:1]}))
    assert (found["result"], found["stats_ci_99_a"], found["stats_ci_99_b"]) == ([4e-6], [None], [None])


@pytest.mark.parametrize(
    "other",
    [
        run({"a": STEADY, "native": NATIVE}, engine="python"),
        run({"a": STEADY, "native": NATIVE}, scenarios=(dataclasses.replace(CHAT, message_size=64),)),
    ],
)
def test_other_load_or_engine_is_another_version(other: Results) -> None:
    first, second = (files(results)[BENCHMARKS]["upecho.chat.cost"]["version"] for results in (RUN, other))
    assert first != second


def test_version_is_the_same_in_each_release() -> None:
    assert files(RUN)[BENCHMARKS]["upecho.chat.cost"]["version"].startswith("c98108ad")


def test_known_benchmarks_and_parameters_are_kept() -> None:
    old = files(run({"gone": STEADY, "a": STEADY}, families=("inet6",)))[BENCHMARKS]
    found = files(RUN, old | {"other": {"name": "other"}})[BENCHMARKS]
    assert found["upecho.chat.cost"]["params"] == [["'gone'", "'a'", "'native'"], ["'inet6'", "'inet'", "'unix'"]]
    assert found["other"] == {"name": "other"}
    wrongs: list[object] = [
        {},
        5,
        old["upecho.chat.cost"] | {"version": "other"},
        old["upecho.chat.cost"] | {"params": []},
    ]
    for wrong in wrongs:
        kept = files(RUN, {"upecho.chat.cost": wrong})[BENCHMARKS]["upecho.chat.cost"]
        assert kept == files(RUN)[BENCHMARKS]["upecho.chat.cost"]


def test_names_contain_nothing_that_a_path_or_a_benchmark_gives_a_meaning() -> None:
    odd = dataclasses.replace(RUN.environment, cpu="../x: CPU @ 2.5 GHz/", python="PyPy 7.3 free-threaded")
    found = files(dataclasses.replace(RUN, environment=odd))
    assert [str(path) for path in found] == [
        "benchmarks.json",
        "x-cpu-2-5-ghz-2-cores/machine.json",
        "x-cpu-2-5-ghz-2-cores/01234567-upecho-pypy-7-3-free-threaded.json",
    ]
