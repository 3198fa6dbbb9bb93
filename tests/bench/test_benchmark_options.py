"""Every option of pytest-benchmark works under ``pytest bench`` or is refused in one line."""

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.bench.conftest import IN_A_CHECKOUT, ROOT, Run

pytestmark = [pytest.mark.once, pytest.mark.unmeasured, IN_A_CHECKOUT]

SERVER = ("--implementation", "selectors")
REFUSED = {
    "min-time=1": "use --trial-seconds",
    "max-time=1": "use --trials and --trial-seconds",
    "min-rounds=5": "use --trials",
    "precision=0.1": "use --trials, or upecho bench --precision",
    "confidence=0.9": "use --trials, or upecho bench --precision",
    "timer=time.time": "the load engine times the requests",
    "calibration-precision=5": "the load engine times the requests",
    "warmup": "every trial begins with a warm-up of its own",
    "warmup-iterations=3": "every trial begins with a warm-up of its own",
    "disable-gc": "the load engine runs without the garbage collector",
    "cprofile=tottime": "use python -m bench.profile",
    "cprofile-loops=1": "use python -m bench.profile",
    "cprofile-top=3": "use python -m bench.profile",
    "cprofile-dump": "use python -m bench.profile",
}
TESTED_BELOW = {
    *("autosave", "save", "save-data", "storage", "json", "compare", "compare-fail", "netrc", "histogram"),
    *("skip", "only", "disable", "enable", "quiet", "verbose"),
    *("sort", "group-by", "columns", "name", "time-unit"),
}


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    return tmp_path / "storage"


def assert_refused(done: "subprocess.CompletedProcess[str]", message: str) -> None:
    """Assert that one line of stderr reports a usage error, before anything is measured."""
    assert done.returncode == pytest.ExitCode.USAGE_ERROR, done.stdout
    errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR: ")]
    assert len(errors) == 1, done.stderr
    assert message in errors[0]
    assert "Traceback" not in done.stdout + done.stderr
    assert "CPU µs/req" not in done.stdout


def saved(storage: Path) -> Path:
    (file,) = storage.rglob("*.json")
    return file


def edit(file: Path, edited: dict[str, Any]) -> None:
    """Change the machine of a saved run, and the statistics of its only benchmark."""
    content = json.loads(file.read_text())
    content["machine_info"]["node"] = edited.pop("node", content["machine_info"]["node"])
    content["benchmarks"][0]["stats"].update(edited)
    file.write_text(json.dumps(content))


def test_no_option_is_forgotten() -> None:
    done = subprocess.run([sys.executable, "-m", "pytest", "--help"], check=True, capture_output=True, text=True)
    options = set(re.findall(r"^ +--benchmark-([a-z-]+)", done.stdout, re.MULTILINE))
    assert options == TESTED_BELOW | {option.partition("=")[0] for option in REFUSED}


def test_option_without_effect_is_refused(bench: Run) -> None:
    done = bench(*SERVER, "--benchmark-min-time=1")
    assert_refused(done, "--benchmark-min-time has no effect here: ")
    assert REFUSED["min-time=1"] in done.stderr


@pytest.mark.parametrize("option", REFUSED)
def test_each_option_without_effect_is_refused(option: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT)
    options = importlib.import_module("bench.options")
    config = SimpleNamespace(invocation_params=SimpleNamespace(args=[f"--benchmark-{option}"]))
    name = option.partition("=")[0]
    with pytest.raises(pytest.UsageError, match=f"--benchmark-{name} has no effect here: .*{REFUSED[option]}"):
        options.expect_supported(config, ())


def test_option_in_the_environment_is_refused(bench: Run) -> None:
    assert_refused(bench(*SERVER, PYTEST_ADDOPTS="-q --benchmark-min-rounds=9"), "--benchmark-min-rounds")


@pytest.mark.parametrize("baseline", ["", "=0009"])
def test_missing_baseline_is_a_warning(bench: Run, storage: Path, baseline: str) -> None:
    done = bench(*SERVER, f"--benchmark-storage={storage}", f"--benchmark-compare{baseline}")
    assert done.returncode == 0, done.stdout
    assert "Can't compare. No benchmark files in" in done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_baseline_that_is_no_name_is_refused(bench: Run, storage: Path) -> None:
    done = bench(*SERVER, f"--benchmark-storage={storage}", "--benchmark-compare=a/b/c")
    assert_refused(done, "--benchmark-compare: 'a/b/c' isn't an existing file or acceptable glob")


def test_saved_run_is_compared(bench: Run, storage: Path) -> None:
    assert (
        bench(*SERVER, f"--benchmark-storage={storage}", "--benchmark-save=one", "--benchmark-save-data").returncode
        == 0
    )
    assert saved(storage).name == "0001_one.json"
    assert len(json.loads(saved(storage).read_text())["benchmarks"][0]["stats"]["data"]) == 2
    done = bench(*SERVER, f"--benchmark-storage={storage}", "--benchmark-compare=0001")
    assert done.returncode == 0, done.stdout
    assert "test_echo[throughput-unix-selectors] (NOW)" in done.stdout
    assert "test_echo[throughput-unix-selectors] (0001_one)" in done.stdout
    assert "different" not in done.stdout + done.stderr  # a machine does not differ from itself


@pytest.mark.parametrize("is_below", [True, False], ids=["in-the-current-directory", "elsewhere"])
def test_baseline_from_another_machine_is_a_warning(bench: Run, storage: Path, is_below: bool) -> None:
    assert bench(*SERVER, f"--benchmark-storage={storage}", "--benchmark-autosave").returncode == 0
    edit(saved(storage), {"node": "elsewhere"})
    options = (f"--benchmark-storage={storage}", "--benchmark-compare")
    done = bench(*SERVER, *options, directory=storage.parent) if is_below else bench(*SERVER, *options)
    assert done.returncode == 0, done.stdout
    expected = "Benchmark machine_info is different" if is_below else "the baseline was measured on another machine"
    assert expected in done.stdout + done.stderr
    assert "test_echo[throughput-unix-selectors] (NOW)" in done.stdout


def test_regression_fails_the_run(bench: Run, storage: Path) -> None:
    assert bench(*SERVER, f"--benchmark-storage={storage}", "--benchmark-autosave").returncode == 0
    options = (f"--benchmark-storage={storage}", "--benchmark-compare")
    edit(saved(storage), {"min": 1.0})
    done = bench(*SERVER, *options, "--benchmark-compare-fail=min:5%")
    assert done.returncode == 0, done.stdout
    edit(saved(storage), {"min": 1e-9})
    done = bench(*SERVER, *options, "--benchmark-compare-fail=min:5%")
    assert done.returncode == 1, done.stdout
    assert "Performance has regressed" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_regression_limit_without_a_baseline_is_refused(bench: Run, storage: Path) -> None:
    done = bench(*SERVER, "--benchmark-compare-fail=min:5%")
    assert_refused(done, "--benchmark-compare-fail needs --benchmark-compare")
    done = bench(*SERVER, f"--benchmark-storage={storage}", "--benchmark-compare", "--benchmark-compare-fail=min:5%")
    assert_refused(done, f"--benchmark-compare-fail: no such baseline in {storage}")


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("json=none/such.json", "cannot write none/such.json: No such file or directory"),
        ("storage=elasticsearch+http://127.0.0.1:1/x", "Please install elasticsearch"),
        ("storage=ftp://x", "--benchmark-storage is 'ftp://x': Storage must be"),
        ("netrc=file", "--benchmark-netrc has no effect here: --benchmark-storage is not elasticsearch"),
        ("group-by=colour", "--benchmark-group-by is 'colour'; it must be one of group, name, func, "),
        ("group-by=group,param:colour", "--benchmark-group-by is 'param:colour'; it must be one of group, name, "),
        ("histogram=x", "Please install pygal"),
        ("columns=colour", ""),
        ("name=colour", ""),
        ("sort=colour", ""),
        ("time-unit=colour", ""),
    ],
)
def test_invalid_value_is_refused(bench: Run, option: str, message: str) -> None:
    done = bench(*SERVER, f"--benchmark-{option}")
    if message:
        assert_refused(done, message)
    else:  # pytest's own report of an invalid option
        assert done.returncode == pytest.ExitCode.USAGE_ERROR
        assert f"argument --benchmark-{option.partition('=')[0]}" in done.stderr


def test_unusable_storage_is_refused_before_anything_is_measured(bench: Run) -> None:
    assert_refused(bench(*SERVER, "--benchmark-storage=/dev/null", "--benchmark-autosave"), "cannot write /dev/null/")


@pytest.mark.parametrize(
    "label", ["name", "func", "fullname", "fullfunc", "param", "param:family", "group,param:python"]
)
def test_benchmarks_are_grouped(bench: Run, label: str) -> None:
    done = bench(*SERVER, f"--benchmark-group-by={label}")
    assert done.returncode == 0, done.stdout
    assert re.search(r"-- benchmark .*: 1 tests --", done.stdout)


def test_table_is_shown_as_requested(bench: Run) -> None:
    columns, options = "mean,iqr,outliers,iterations", ("--benchmark-sort=mean", "--benchmark-name=short")
    done = bench(*SERVER, f"--benchmark-columns={columns}", "--benchmark-time-unit=ns", "--benchmark-verbose", *options)
    assert done.returncode == 0, done.stdout
    header = next(line for line in done.stdout.splitlines() if line.startswith("Name (time in "))
    assert header.split()[:4] == ["Name", "(time", "in", "ns)"]
    assert header.split()[4:] == ["Mean", "IQR", "Outliers", "Iterations"]
    assert "\necho[throughput-unix-selectors]" in done.stdout


@pytest.mark.parametrize(
    ("options", "summary", "has_table"),
    [
        (["--benchmark-skip"], "1 skipped", False),
        (["--benchmark-only"], "1 passed", True),
        (["--benchmark-disable"], "1 passed", False),
        (["--benchmark-disable", "--benchmark-enable"], "1 passed", True),
        (["--benchmark-quiet"], "1 passed", False),
    ],
)
def test_what_runs_is_chosen(bench: Run, options: list[str], summary: str, has_table: bool) -> None:
    done = bench(*SERVER, *options)
    assert done.returncode == 0, done.stdout
    assert summary in done.stdout
    assert ("Name (time in" in done.stdout) == has_table
