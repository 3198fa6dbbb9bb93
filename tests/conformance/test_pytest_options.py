"""The suite under pytest: its options, what fails a run, the JUnit file, several processes."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from upecho.conformance.catalogue import catalogue
from upecho.conformance.check import Level
from upecho.conformance.findings import Fault
from upecho.conformance.run.selection import is_due
from upecho.conformance.run.verdicts.outcome import PROPERTY, Outcome, Verdict
from upecho.net.address import Family
from upecho.serving.target import Target

SUITE = [sys.executable, "-m", "pytest", "--pyargs", "upecho.conformance", "-p", "no:cacheprovider"]
WORLD_WRITABLE = f"cmd:{sys.executable} -m upecho serve threads --bind {{address}} --mode 0777"
FEW = ("--upecho-check", "socket-path-permissions", "--upecho-check", "half-close")
INTERRUPTING = """
import gc, os, signal, pytest

@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item):
    def interrupt(phase, info):
        gc.callbacks.remove(interrupt)
        os.kill(os.getpid(), signal.SIGINT)

    gc.callbacks.append(interrupt)
    gc.collect()
"""
pytestmark = [pytest.mark.once, pytest.mark.unmeasured]

Suite = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    """Run the suite under pytest in an empty directory; by default for a server with a world-writable path."""

    def suite(*arguments: str, target: str = WORLD_WRITABLE) -> "subprocess.CompletedProcess[str]":
        command = [*SUITE, "--upecho-target", target, "--upecho-family", "unix", *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    return suite


def write_known(directory: Path, *checks: str) -> None:
    directory.mkdir(exist_ok=True)
    tables = [f"[[failure]]\ncheck = '{check}'\nreason = 'it is old'\n" for check in checks]
    (directory / "x.toml").write_text(f"target = '{WORLD_WRITABLE}'\n" + "".join(tables))


def totals(output: str) -> set[str]:
    """Return the parts of pytest's last line, such as "1 passed"."""
    return set(output.splitlines()[-1].strip("= ").partition(" in ")[0].split(", "))


def cases(path: Path) -> dict[str, Outcome]:
    """Return the outcome in each case of a JUnit file, by check."""
    found = {}
    for case in ET.parse(path).getroot().iter("testcase"):
        (value,) = [one.attrib["value"] for one in case.iter("property") if one.attrib["name"] == PROPERTY]
        outcome = Outcome.from_json(value)
        found[outcome.check] = outcome
    return found


def test_failed_should_check_fails_a_strict_run_only(suite: Suite) -> None:
    done = suite(*FEW, "-rx")
    assert done.returncode == 0, done.stdout
    assert {"1 passed", "1 xfailed"} <= totals(done.stdout)
    done = suite(*FEW, "--upecho-strict")
    assert done.returncode == 1
    assert {"1 passed", "1 failed"} <= totals(done.stdout)
    assert "seen       0777" in done.stdout


def test_known_failure_is_an_expected_failure(suite: Suite, tmp_path: Path) -> None:
    write_known(tmp_path / "known", "socket-path-permissions")
    done = suite(*FEW, "--upecho-strict", "-rx")
    assert done.returncode == 0, done.stdout
    assert "it is old" in done.stdout
    assert suite(*FEW, "--upecho-strict", "--upecho-known", "").returncode == 1


def test_stale_known_failure_fails_the_run(suite: Suite, tmp_path: Path) -> None:
    write_known(tmp_path / "elsewhere", "half-close")
    done = suite(*FEW, "--upecho-known", "elsewhere")
    assert done.returncode == 1
    assert "elsewhere/x.toml: half-close is listed as a known failure, but it passed over unix" in done.stdout


def test_bad_input_is_one_line(suite: Suite, tmp_path: Path) -> None:
    for arguments, message in [
        (["--upecho-known", "nowhere"], "cannot read known failures from nowhere: it does not exist"),
        (["--upecho-max-clients", "0"], "--upecho-max-clients is 0; it must be at least 1"),
        (["--upecho-grace", "-1"], "--upecho-grace is -1; it must be a number of seconds between 0 and 3600"),
        (["--upecho-check", "half-clos"], "unknown check 'half-clos'; did you mean half-close?"),
        (
            ["--upecho-target", "thread", "--upecho-check", "half-close"],
            "unknown implementation 'thread'; did you mean threads?",
        ),
    ]:
        done = suite(*arguments)
        assert (done.returncode, done.stderr.strip()) == (4, f"ERROR: {message}")
        assert "conftest.py" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(("--upecho-target", "bad"), "unknown implementation 'bad'"), ((*FEW[:1], "x"), "unknown check 'x'")],
)
def test_bad_input_is_one_line_with_two_processes(suite: Suite, arguments: tuple[str, ...], message: str) -> None:
    done = suite("-n", "2", *arguments)
    assert (done.returncode, done.stderr.strip().count("\n")) == (4, 0)
    assert done.stderr.startswith(f"ERROR: {message}")
    assert "UsageError" not in done.stdout


def test_missing_target_is_reported(tmp_path: Path) -> None:
    done = subprocess.run(SUITE, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert done.stderr.startswith("ERROR: name the server to check, as in --upecho-target selectors")


def test_fault_of_the_harness_is_an_error_with_its_location(suite: Suite, tmp_path: Path) -> None:
    (tmp_path / "troubling.py").write_text("def pytest_runtest_call(item):\n    raise OSError('no descriptors')\n")
    done = suite("-p", "troubling", "--upecho-check", "half-close", "--junitxml=x.xml")
    assert done.returncode == 1
    (outcome,) = cases(tmp_path / "x.xml").values()
    assert outcome.verdict is Verdict.ERROR
    assert outcome.fault == Fault("OSError: no descriptors", "pytest_runtest_call, troubling.py:2")


@pytest.mark.parametrize("warnings", ["default", "error"])
def test_interrupt_that_python_ignores_ends_the_run(suite: Suite, tmp_path: Path, warnings: str) -> None:
    (tmp_path / "interrupting.py").write_text(INTERRUPTING)
    done = suite(
        "-p", "interrupting", "-W", warnings, "--upecho-check", "half-close", "--upecho-check", "echo-hello", "-v"
    )
    assert (done.returncode, done.stderr) == (2, "")
    assert "KeyboardInterrupt !!!" in done.stdout
    assert not {"PASSED", "FAILED", "ERROR"} & set(done.stdout.split())


@pytest.mark.parametrize("processes", ["0", "2"])
def test_case_of_the_junit_file_contains_the_outcome(suite: Suite, tmp_path: Path, processes: str) -> None:
    done = suite(*FEW, "--junitxml=x.xml", "-n", processes)
    assert done.returncode == 0, done.stdout
    outcomes = cases(tmp_path / "x.xml")
    permissions = outcomes["socket-path-permissions"]
    assert (permissions.verdict, permissions.level) == (Verdict.FAILED, Level.SHOULD)
    assert permissions.explanation
    assert permissions.explanation.seen == "0777"
    assert outcomes["half-close"].verdict is Verdict.PASSED


def test_whole_suite_passes_in_two_processes(suite: Suite, tmp_path: Path) -> None:
    done = suite("-n", "2", "--junitxml=x.xml", "-p", "no:benchmark", target="selectors")
    assert done.returncode == 0, done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["x.xml"]
    outcomes = cases(tmp_path / "x.xml").values()
    due = [check.id for check in catalogue() if is_due(check, Target.parse("selectors"), Family.UNIX)]
    assert sorted(one.check for one in outcomes) == sorted(due)
    assert {one.verdict for one in outcomes} == {Verdict.PASSED}
