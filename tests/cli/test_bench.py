"""``upecho bench`` from end to end, with short trials."""

import functools
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.conftest import DEADLINE_SECONDS
from upecho.load.engine import best
from upecho.load.engine_process import EngineProcess
from upecho.load.latency import Latency
from upecho.load.plan import Failure, LoadResult
from upecho.measure.plan.cells import Reference
from upecho.measure.plan.scenarios import THROUGHPUT
from upecho.measure.results import Results
from upecho.measure.statistics.claims import MIN_ROUNDS
from upecho.net.address import Family
from upecho.processes.interpreter import Interpreter
from upecho.serving import inventory
from upecho.serving.target import Target

BASELINES = ["native"] if best() == "native" else []
TINY = ("--rounds", "1", "--seconds", "0.03")
SMALL = (*TINY, "--no-check", "--scenario", "throughput", "--family", "unix")

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def test_two_targets_over_two_families(upecho: Run, tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    done = upecho("bench", "selectors", "asyncio", "--no-check", *TINY, "--save", str(file))
    assert done.returncode == 0
    assert done.stderr.split("\n")[0] == "round 1 of 1"
    for word in ("latency ", "throughput ", "bulk ", "over inet ", "over unix ", "selectors ", "asyncio "):
        assert word in done.stdout
    assert "\x1b" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    results = Results.from_json(file.read_text())
    assert len(results.requested) == 3 * 2 * (2 + len(BASELINES))
    assert len(results.trials) == len(results.requested) + 3 * 2  # one cell of each table is measured twice
    assert all(trial.load and not trial.findings for trial in results.trials)
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.unmeasured
def test_quick_run_is_long_enough_for_intervals(upecho: Run, tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    done = upecho("bench", "selectors", "threads", "--quick", "--family", "unix", "--save", str(file))
    assert done.returncode == 0
    results = Results.from_json(file.read_text())
    assert (results.checked, results.quickly_checked, results.scenarios) == (True, True, (THROUGHPUT,))
    assert results.rounds >= MIN_ROUNDS  # whether the report shows an interval depends on how busy the machine was
    assert "those that take long" in done.stdout


def test_help_describes_the_baseline_and_the_scenarios(upecho: Run) -> None:
    text = " ".join(upecho("bench", "--help").stdout.split())
    assert "Each table includes native, the baseline" in text
    assert "bulk 4 connections, 1 MiB messages" in text


@pytest.mark.unmeasured
def test_conformance_is_checked_first(upecho: Run) -> None:
    done = upecho("bench", "selectors", *TINY, "--family", "unix", "--scenario", "latency")
    assert done.returncode == 0
    assert done.stderr.split("\n")[0] == "checking conformance"
    assert "onformance" not in done.stdout


@pytest.fixture
def main(upecho_here: Callable[..., tuple[int, str, str]]) -> Callable[..., tuple[int, str, str]]:
    """Run the command in this process; return its exit status, stdout and stderr."""
    return functools.partial(upecho_here, "bench")


Main = Callable[..., tuple[int, str, str]]


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ``threads`` fail two checks over Unix sockets."""

    def failing(
        targets: Sequence[Target], families: Sequence[Family], progress: Callable[[str], None], **_options: object
    ) -> dict[tuple[str, Family], list[str]]:
        progress("something")
        return {("threads", Family.UNIX): ["echo-hello", "half-close"]}

    monkeypatch.setattr("upecho.cli.bench.conformance.failing", failing)


@pytest.mark.usefixtures("failing")
def test_target_that_fails_a_check_has_no_figures(main: Main) -> None:
    status, out, _ = main("threads", *TINY, "--scenario", "latency")
    assert status == 1
    assert "threads   fails 2 checks" in out[out.index("over unix") :]
    assert "1.00" in out[: out.index("over unix")]


@pytest.mark.usefixtures("failing")
def test_even_if_failing_measures_and_marks(main: Main) -> None:
    status, out, _ = main("threads", *TINY, "--scenario", "latency", "--family", "unix", "--even-if-failing")
    assert status == 1
    assert "threads ! " in out
    assert "! fails conformance checks" in out
    assert "threads fails over unix: echo-hello, half-close\n" in out


def test_target_with_too_few_clients_is_unsupported(main: Main) -> None:
    status, out, _ = main("blocking", *SMALL)
    assert status == 0
    assert "blocking  unsupported: serves at most 1 client" in out


def test_baseline_is_not_measured_alone(main: Main, tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    _, out, _ = main("blocking", *SMALL, "--save", str(file))
    assert [one.cell.target for one in Results.from_json(file.read_text()).requested] == ["blocking"]
    assert "round" not in out
    assert main("native", "blocking", *SMALL, "--save", str(file))[0] == (0 if BASELINES else 2)
    if BASELINES:
        assert {trial.cell.target for trial in Results.from_json(file.read_text()).trials} == {"native"}


@pytest.mark.parametrize("targets", [("threads",), ("threads", "selectors"), ("threads", "native")])
def test_ratios_are_relative_to_the_reference_which_is_measured_once(
    targets: tuple[str, ...], main: Main, tmp_path: Path
) -> None:
    file = tmp_path / "results.json"
    if "native" in targets and not BASELINES:
        pytest.skip("the baseline was not built")
    status, out, _ = main(*targets, *SMALL, "--reference", "selectors", "--save", str(file))
    assert status == 0
    assert next(line for line in out.splitlines() if line.startswith("selectors ")).split()[-2] == "1.00"
    assert "ratio: cost relative to selectors, paired by round" in out
    results = Results.from_json(file.read_text())
    assert results.reference == Reference("selectors")
    assert sorted(one.cell.target for one in results.requested) == sorted({*targets, "selectors", *BASELINES})


def test_interpreters_have_names(main: Main, tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    named = ("--python", f"old={sys.executable}", "--python", f"new={sys.executable}")
    status, out, _ = main("selectors", *SMALL, *named, "--reference", "selectors@new", "--save", str(file))
    assert status == 0
    assert next(line for line in out.splitlines() if line.startswith("selectors new")).split()[-2] == "1.00"
    assert "ratio: cost relative to selectors new, paired by round" in out
    version = Interpreter.here().version
    assert f"servers on {version} (old), {version} (new)" in " ".join(out.split())
    results = Results.from_json(file.read_text())
    assert results.pythons == {"old": version, "new": version}
    assert {one.cell.python for one in results.requested if one.cell.target == "selectors"} == {"old", "new"}


def test_limits_are_relative_to_the_reference(main: Main) -> None:
    limits = ("--fail-above", "memory=0", "--fail-above", "900")
    arguments = ("threads", *SMALL, "--rounds", "4", "--reference", "selectors", *limits)
    status, out, _ = main(*arguments)
    text = " ".join(out.split())
    exceeded = "--fail-above memory=0: peak memory above that of selectors by more: threads over unix in throughput ("
    assert (exceeded in text) is bool(status)
    busy = "The machine was too busy to draw conclusions" in text
    kept = (
        "undecided: no CPU time per request could be compared" if busy else "no CPU time per request is known to exceed"
    )
    assert f"--fail-above cpu=900: {kept}" in text


def test_limit_without_a_reference_is_an_error(refusal: Callable[..., str]) -> None:
    line = "--fail-above compares with something; name it with --reference or --ab"
    assert refusal("bench", "threads", "--fail-above", "5") == line


def test_reference_without_figures_is_replaced_and_the_report_says_so(main: Main) -> None:
    status, out, _ = main("selectors", "threads", *SMALL, "--reference", "blocking")
    assert status == 0
    other = "native, the baseline" if BASELINES else "the cheapest server"
    sentence = f"blocking has no figures over unix: ratios there are relative to {other}"
    assert sentence in " ".join(out.split())


def test_void_trial_is_a_failure_of_the_harness(main: Main, monkeypatch: pytest.MonkeyPatch) -> None:
    load = LoadResult("python", 0, 0, 0, 0, None, False, Latency.of([]), {Failure.NO_PORT: 16})
    monkeypatch.setattr(EngineProcess, "run", lambda _self, _job: load)
    status, out, _ = main("threads", *SMALL)
    assert status == 3
    assert re.search(r"threads +void: no local port left", out)
    assert "sysctl net.ipv4.ip_local_port_range" in " ".join(out.split())


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["selektors"], "unknown implementation 'selektors'; did you mean selectors?"),
        (["127.0.0.1:99999"], "not a port: 99999 in '127.0.0.1:99999'"),
        (["cmd:/bin/cat"], "no placeholder in the command: 'cmd:/bin/cat'"),
        (["threads", "--rounds", "0"], "--rounds is '0'; it must be a whole number from 1 to 10000"),
        (["threads", "--seconds", "nan"], "--seconds is 'nan'; it must be a number from 0.01 to 3600"),
        (["threads", "--budget", "-1"], "--budget is '-1'; it must be a number from 0 to 1000000"),
        (["threads", "--save", "none/such"], "cannot write none/such: No such file or directory"),
        (["threads", "--scenario", "bluk"], "unknown scenario 'bluk'; did you mean bulk?"),
        (["threads", "--scenario", ""], "unknown scenario ''; known: latency, "),
        (["threads", "--reference", "threeds"], "unknown implementation 'threeds'; did you mean threads?"),
        (["threads", "--reference", "unix:/x"], "cannot connect to unix:/x: no server is listening there"),
        (["threads", "--reference", "asyncio+all"], "+all stands for several event loops"),
        (["threads", "--seed", "-1"], "--seed is '-1'; it must be a whole number from 0 to 4294967296"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], line: str, refusal: Callable[..., str]) -> None:
    assert refusal("bench", *arguments).startswith(line)


def test_scenario_defined_differently_in_two_files_is_an_error(refusal: Callable[..., str], tmp_path: Path) -> None:
    files = [tmp_path / "one.toml", tmp_path / "other.toml"]
    for connections, file in enumerate(files, 1):
        file.write_text(f"[chat]\nconnections = {connections}\nmessage_size = 1\n")
    line = refusal("bench", "threads", *(f"--scenario={file}" for file in files))
    assert line.startswith("two files define the scenario 'chat' differently")


def test_unavailable_family_is_an_error(monkeypatch: pytest.MonkeyPatch, refusal: Callable[..., str]) -> None:
    monkeypatch.setattr(Family, "_obstacle", lambda _self: "no such thing")
    assert refusal("bench", "threads", "--family", "inet6") == ("family inet6 is unavailable here: no such thing")


def test_unavailable_server_is_reported_as_skipped(main: Main, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        inventory.ImplementationEntry("threads"),
        inventory.ImplementationEntry("better", unavailable="not installed"),
    ]
    monkeypatch.setattr(inventory, "implementations", lambda _without=(): rows)
    status, out, err = main(*SMALL)
    assert status == 0
    assert err.startswith("skipping better: not installed\n")
    assert "better" not in out


def test_symbols_are_replaced_that_the_encoding_lacks(upecho: Run) -> None:
    done = upecho("bench", "selectors", *SMALL, env=os.environ | {"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0
    assert "CPU ?s/req" in done.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_results_are_saved_even_if_they_cannot_be_shown(upecho: Run, tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    with open("/dev/full", "w") as full:  # noqa: PTH123 (a device)
        done = upecho("bench", "threads", *SMALL, "--save", str(file), capture_output=False, stdout=full, stderr=-1)
    assert done.returncode == 3
    assert "no space left" in done.stderr
    assert json.loads(file.read_text())["trials"]


def _left_over(mark: str) -> list[str]:
    """Return the ids of the processes that have inherited an environment variable."""
    found = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark.encode() in environ.read_bytes():
                found.append(environ.parent.name)
        except OSError:  # it has ended, or is somebody else's
            continue
    return found


@pytest.mark.unmeasured
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="reads /proc, which only Linux has")
@pytest.mark.parametrize(
    ("number", "status", "line", "shown"),
    [
        (signal.SIGINT, 130, "upecho: interrupted\n", "over unix"),
        (signal.SIGTERM, 143, "upecho: terminated by SIGTERM\n", "over unix"),
        (signal.SIGKILL, -9, "", ""),
    ],
)
def test_interrupted_run_keeps_its_trials_and_leaves_no_process(
    number: signal.Signals, status: int, line: str, shown: str, *, tmp_path: Path, eventually: Callable[..., None]
) -> None:
    file, mark = tmp_path / "results.json", f"BENCH_TEST={tmp_path}"
    command = [sys.executable, "-m", "upecho", "bench", "threads", "selectors", *SMALL]
    command += ["--rounds", "1000", "--precision", "0", "--save", str(file)]
    environment = os.environ | dict([mark.split("=")])
    with subprocess.Popen(command, stdout=-1, stderr=-1, text=True, env=environment) as process:
        assert process.stderr
        while not process.stderr.readline().startswith("round 3"):
            assert process.poll() is None
        process.send_signal(number)
        out, err = process.communicate(timeout=DEADLINE_SECONDS)
    assert process.returncode == status
    assert err.endswith(line)
    assert shown in out
    assert len(Results.from_json(file.read_text()).trials) >= 2
    eventually(lambda: not _left_over(mark))


def test_wrong_deadline_scale_is_an_error_of_the_caller(
    monkeypatch: pytest.MonkeyPatch, refusal: Callable[..., str]
) -> None:
    monkeypatch.setenv("UPECHO_DEADLINE_SCALE", "x")
    assert "UPECHO_DEADLINE_SCALE is 'x'" in refusal("bench", "selectors")
