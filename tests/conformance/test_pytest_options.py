"""The suite under plain pytest: what it takes for a failure, the JUnit file, several processes."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from upecho.conformance.catalogue import catalogue
from upecho.conformance.run.outcome import Outcome, Verdict
from upecho.conformance.run.selection import is_due
from upecho.net.address import Family
from upecho.serving.target import Target

SUITE = [sys.executable, "-m", "pytest", "--pyargs", "upecho.conformance", "-p", "no:cacheprovider"]
WORLD_WRITABLE = f"cmd:{sys.executable} -m upecho serve threads --bind {{address}} --mode 0777"
FEW = ("--check", "socket-path-permissions", "--check", "half-close")
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
pytestmark = pytest.mark.once

Suite = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    """Run the suite by pytest in an empty directory; by default on a server whose path everybody may use."""

    def suite(*arguments: str, target: str = WORLD_WRITABLE) -> "subprocess.CompletedProcess[str]":
        command = [*SUITE, "--target", target, "--family", "unix", *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    return suite


def write_known(directory: Path, *checks: str) -> None:
    directory.mkdir(exist_ok=True)
    tables = [f"[[failure]]\ncheck = '{check}'\nreason = 'nobody is perfect'\n" for check in checks]
    (directory / "x.toml").write_text(f"target = '{WORLD_WRITABLE}'\n" + "".join(tables))


def counted(output: str) -> set[str]:
    """Return the parts of pytest's last line, such as "1 passed"."""
    return set(output.splitlines()[-1].strip("= ").partition(" in ")[0].split(", "))


def cases(path: Path) -> dict[str, Outcome]:
    """Return the outcome that each case of a JUnit file carries, by check."""
    found = {}
    for case in ET.parse(path).getroot().iter("testcase"):
        (value,) = [one.attrib["value"] for one in case.iter("property") if one.attrib["name"] == "upecho"]
        outcome = Outcome.from_json(value)
        found[outcome.check] = outcome
    return found


def test_a_failed_should_fails_the_run_only_if_asked_to(suite: Suite) -> None:
    done = suite(*FEW, "-rx")
    assert done.returncode == 0, done.stdout
    assert {"1 passed", "1 xfailed"} <= counted(done.stdout)
    done = suite(*FEW, "--strict-should")
    assert done.returncode == 1
    assert {"1 passed", "1 failed"} <= counted(done.stdout)
    assert "seen       0777" in done.stdout


def test_a_known_failure_is_expected(suite: Suite, tmp_path: Path) -> None:
    write_known(tmp_path / "known", "socket-path-permissions")
    done = suite(*FEW, "--strict-should", "-rx")
    assert done.returncode == 0, done.stdout
    assert "nobody is perfect" in done.stdout
    assert suite(*FEW, "--strict-should", "--known", "").returncode == 1


def test_a_stale_one_fails_the_run(suite: Suite, tmp_path: Path) -> None:
    write_known(tmp_path / "elsewhere", "half-close")
    done = suite(*FEW, "--known", "elsewhere")
    assert done.returncode == 1
    assert "elsewhere/x.toml: half-close is listed as a known failure, but it passed over unix" in done.stdout


def test_bad_input_starts_nothing(suite: Suite, tmp_path: Path) -> None:
    for arguments, message in [
        (["--known", "nowhere"], "no directory nowhere with known failures"),
        (["--max-clients", "0"], "--max-clients is 0; it must be at least 1"),
        (["--check", "half-clos"], "unknown check 'half-clos'; did you mean half-close?"),
        (["--target", "thread", "--check", "half-close"], "unknown implementation 'thread'; did you mean threads?"),
    ]:
        done = suite(*arguments)
        assert (done.returncode, done.stderr.strip()) == (4, f"ERROR: {message}")
        assert "conftest.py" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(("--target", "bad"), "unknown implementation 'bad'"), ((*FEW[:1], "x"), "unknown check 'x'")],
)
def test_bad_input_is_one_line_in_two_processes_too(suite: Suite, arguments: tuple[str, ...], message: str) -> None:
    done = suite("-n", "2", *arguments)
    assert (done.returncode, done.stderr.strip().count("\n")) == (4, 0)
    assert done.stderr.startswith(f"ERROR: {message}")
    assert "UsageError" not in done.stdout


def test_a_run_without_a_target_is_bad_input(tmp_path: Path) -> None:
    done = subprocess.run(SUITE, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert done.stderr.startswith("ERROR: say what to check, as in --target selectors")


def test_trouble_of_our_own_is_told_in_two_lines(suite: Suite, tmp_path: Path) -> None:
    (tmp_path / "troubling.py").write_text("def pytest_runtest_call(item):\n    raise OSError('no descriptors')\n")
    done = suite("-p", "troubling", "--check", "half-close", "--junitxml=x.xml")
    assert done.returncode == 1
    (outcome,) = cases(tmp_path / "x.xml").values()
    assert outcome.verdict is Verdict.ERROR
    assert [line.split(maxsplit=1) for line in outcome.detail.splitlines()] == [
        ["error", "OSError: no descriptors"],
        ["in", "pytest_runtest_call, troubling.py:2"],
    ]


@pytest.mark.parametrize("warnings", ["default", "error"])
def test_an_interrupt_that_python_ignores_ends_the_run_all_the_same(
    suite: Suite, tmp_path: Path, warnings: str
) -> None:
    (tmp_path / "interrupting.py").write_text(INTERRUPTING)
    done = suite("-p", "interrupting", "-W", warnings, "--check", "half-close", "--check", "echo-hello", "-v")
    assert (done.returncode, done.stderr) == (2, "")
    assert "KeyboardInterrupt !!!" in done.stdout
    assert not {"PASSED", "FAILED", "ERROR"} & set(done.stdout.split())


@pytest.mark.parametrize("processes", ["0", "2"])
def test_a_case_of_the_junit_file_carries_the_verdict(suite: Suite, tmp_path: Path, processes: str) -> None:
    done = suite(*FEW, "--junitxml=x.xml", "-n", processes)
    assert done.returncode == 0, done.stdout
    outcomes = cases(tmp_path / "x.xml")
    permissions = outcomes["socket-path-permissions"]
    assert (permissions.verdict, permissions.level, permissions.seen) == (Verdict.FAILED, "SHOULD", "0777")
    assert outcomes["half-close"].verdict is Verdict.PASSED


def test_the_whole_suite_in_two_processes(suite: Suite, tmp_path: Path) -> None:
    done = suite("-n", "2", "--junitxml=x.xml", "-p", "no:benchmark", target="selectors")
    assert done.returncode == 0, done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["x.xml"]
    outcomes = cases(tmp_path / "x.xml").values()
    due = [check.id for check in catalogue() if is_due(check, Target.parse("selectors"), Family.UNIX)]
    assert sorted(one.check for one in outcomes) == sorted(due)
    assert {one.verdict for one in outcomes} == {Verdict.PASSED}
