"""``pytest bench`` shows cells as benchmarks of pytest-benchmark."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.conftest import IN_A_CHECKOUT, Run
from tests.conftest import COMMAND_SECONDS
from upecho.load.histogram import decoded
from upecho.measure.results import Results
from upecho.processes.interpreter import Interpreter

pytestmark = [pytest.mark.once, pytest.mark.unmeasured, IN_A_CHECKOUT]


def test_rounds_are_trials_and_operations_are_requests(bench: Run, tmp_path: Path) -> None:
    file = tmp_path / "benchmark.json"
    arguments = ("--implementation", "selectors", "--implementation", "asyncio", f"--benchmark-json={file}")
    done = bench(*arguments)
    assert done.returncode == 0, done.stdout
    assert "benchmark 'throughput over unix': 2 tests" in done.stdout
    first, second = json.loads(file.read_text())["benchmarks"]
    assert first["name"] == "test_echo[throughput-unix-selectors]"
    assert second["name"] == "test_echo[throughput-unix-asyncio]"
    assert first["stats"]["rounds"] == 2
    info = first["extra_info"]
    seconds = [trial["elapsed_ns"] / 1e9 / trial["requests"] for trial in info["trials"]]
    assert first["stats"]["data"] == pytest.approx(seconds)
    assert first["stats"]["ops"] == pytest.approx(2 / sum(seconds))
    assert sum(decoded(info["histogram"]).values()) == sum(trial["requests"] for trial in info["trials"])
    assert info["p50_us"] <= info["p99_us"] <= info["p999_us"]
    assert info["cpu_us_per_request"] is None or info["cpu_us_per_request"] > 0


def test_pytest_benchmark_compares_saved_files(bench: Run, tmp_path: Path) -> None:
    files = [tmp_path / "first.json", tmp_path / "second.json"]
    for file in files:
        assert bench("--implementation", "threads", f"--benchmark-json={file}").returncode == 0
    command = [sys.executable, "-m", "pytest_benchmark", "compare", *map(str, files)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=COMMAND_SECONDS)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("test_echo[throughput-unix-threads] (") == 2


def test_same_trials_are_reported_as_by_upecho_bench(bench: Run, tmp_path: Path) -> None:
    file, python = tmp_path / "results.json", f"--python={sys.executable}"
    done = bench("--implementation", "selectors", "--implementation", "asyncio", f"--results={file}", python)
    assert done.returncode == 0, done.stdout
    results = Results.from_json(file.read_text())
    version = Interpreter.here().version.removeprefix("CPython ")
    assert {trial.cell.label for trial in results.trials} == {f"selectors {version}", f"asyncio {version}"}
    assert len(results.trials) == 4
    assert "CPU µs/req" in done.stdout
    assert f"test_echo[throughput-unix-asyncio-{version}]" in done.stdout


def test_unwritable_file_is_a_usage_error(bench: Run) -> None:
    done = bench("--implementation", "selectors", "--results", "none/such")
    assert done.returncode not in (0, 1)
    assert "cannot write none/such: No such file or directory" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_program_that_is_not_python_is_a_usage_error(bench: Run) -> None:
    done = bench("--python", "/bin/true")
    assert done.returncode not in (0, 1)
    assert "not Python: '/bin/true'" in done.stdout + done.stderr


def test_unsupported_cell_is_skipped_with_its_reason(bench: Run) -> None:
    done = bench("--implementation", "blocking")
    assert done.returncode == 0, done.stdout
    assert "unsupported: serves at most 1 client" in done.stdout
    assert "1 skipped" in done.stdout


def test_failed_target_has_no_figures(bench: Run, directory: Path) -> None:
    (directory / "faulty.py").write_text(
        "def echo(listener, stop):\n"
        "    connection, _ = listener.accept()\n"
        "    while data := connection.recv(65536):\n"
        "        connection.sendall(data)\n"
    )
    done = bench("--implementation", "faulty:echo", PYTHONPATH=str(directory))
    assert done.returncode == 1, done.stdout
    assert "TargetError: 1 mismatch" in done.stdout
    assert "OPS" not in done.stdout
    assert "1 failed" in done.stdout


def test_unknown_implementation_is_a_usage_error(bench: Run) -> None:
    done = bench("--implementation", "selektors")
    assert done.returncode not in (0, 1)
    assert "unknown implementation 'selektors'; did you mean selectors?" in done.stdout + done.stderr


def test_nothing_is_measured_in_parallel(bench: Run) -> None:
    done = bench("--implementation", "threads", "-n1")
    assert done.returncode == 0, done.stdout
    assert "measurements disturb each other" in done.stdout


def test_cells_are_measured_with_benchmarking_disabled(bench: Run) -> None:
    done = bench("--implementation", "threads", "--benchmark-disable")
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def test_others_are_measured_beside_a_target_that_cannot_be_loaded(bench: Run, directory: Path) -> None:
    (directory / "crashes.py").write_text("import os; os.abort()")
    file, crashing = directory / "benchmark.json", "asyncio+crashes:new_event_loop"
    implementations = ("--implementation", crashing, "--implementation", "selectors")
    done = bench(*implementations, f"--benchmark-json={file}", PYTHONPATH=str(directory))
    assert done.returncode == 1, done.stdout
    assert "TargetError: unusable: import failed: a process that tried it was killed by SIGABRT" in done.stdout
    assert {"1 passed", "1 error"} <= set(re.findall(r"\d+ (?:passed|errors?|failed)", done.stdout))
    (measured,) = json.loads(file.read_text())["benchmarks"]
    assert measured["params"]["implementation"] == "selectors"
