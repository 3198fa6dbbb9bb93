"""``upecho bench --ab``: one question, one answer."""

import functools
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.made_up import load
from upecho.load.engine import best
from upecho.measure import ab_rounds
from upecho.measure.plan.cell_plan import PlannedCell
from upecho.measure.plan.cells import Reference
from upecho.measure.results import Results
from upecho.measure.trials import Trial

SHORT = ("--no-check", "--rounds", "4", "--seconds", "0.04")

Main = Callable[..., tuple[int, str, str]]


@pytest.fixture
def main(upecho_here: Main) -> Main:
    """Run the command in this process; return its exit status, stdout and stderr."""
    return functools.partial(upecho_here, "bench")


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let asyncio cost twice as much as selectors, without measuring anything."""

    def pair(runner: object, sides: Sequence[PlannedCell], number: int, **_: object) -> list[Trial]:
        costs = {"selectors": 10.0, "asyncio": 20.0 + number / 100}
        return [Trial(one.cell, number, load(costs[one.cell.target], best())) for one in sides]

    monkeypatch.setattr(ab_rounds, "measure_pair", pair)


def test_two_targets_are_compared_saved_and_shown(main: Main, upecho_here: Main, tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    status, out, err = main("--ab", "selectors", "threads", *SHORT, "--family", "unix", "--save", str(file))
    assert (status, err.splitlines()[0]) == (0, "round 1 of 4")
    text = " ".join(out.split())
    assert "throughput over unix 64 connections, 1 KiB messages BASE selectors NEW threads" in text
    assert " times the CPU time per request of selectors, after 4 rounds" in text
    assert upecho_here("show", str(file)) == (0, out, "")
    results = Results.from_json(file.read_text())
    assert results.reference == Reference("selectors")
    assert [one.cell.target for one in results.requested] == ["selectors", "threads"]
    assert all(trial.is_valid for trial in results.trials)
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.unmeasured
def test_conformance_is_checked_first(main: Main) -> None:
    status, out, err = main("--ab", "selectors", "selectors", *SHORT[1:], "--family", "unix")
    assert (status, err.splitlines()[0]) == (0, "checking conformance")
    assert "Before the run, all servers passed the MUST checks" in " ".join(out.split())


@pytest.mark.usefixtures("made_up")
@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ((), 0),
        (("cpu=99",), 1),
        (("101",), 0),
        (("p99=5", "memory=5"), 0),
        (("101", "p99=5"), 0),
        (("p99=5", "99"), 1),
    ],
)
def test_exit_status_says_whether_a_limit_is_exceeded(main: Main, limits: Sequence[str], expected: int) -> None:
    options = [part for limit in limits for part in ("--fail-above", limit)]
    status, out, _ = main("--ab", "selectors", "asyncio", "--no-check", *options)
    assert status == expected
    assert out.count("--fail-above") == len(limits)
    assert ("above the limit" in " ".join(out.split())) is bool(expected)


@pytest.mark.usefixtures("made_up")
def test_interpreters_are_compared_for_every_target(main: Main, tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    named = ("--python", f"old={sys.executable}", "--python", f"new={sys.executable}")
    status, out, _ = main("selectors", "asyncio", *named, "--ab", "@old", "@new", "--no-check", "--save", str(file))
    assert status == 0
    assert out.count("No difference larger than 1.0%") == 2
    test = Results.from_json(file.read_text()).ab_test
    assert test
    assert [(str(one.base.label), str(one.new.label)) for one in test.pairs] == [
        ("selectors old", "selectors new"),
        ("asyncio old", "asyncio new"),
    ]


@pytest.mark.usefixtures("made_up")
def test_file_about_other_cells_is_refused(main: Main, refusal: Callable[..., str], tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    main("--ab", "selectors", "asyncio", "--no-check", "--save", str(file))
    content = json.loads(file.read_text())
    content["ab_test"]["pairs"][0]["base"]["target"] = "other"
    file.write_text(json.dumps(content))
    assert "the A/B test is about a cell that was not requested" in refusal("show", str(file))


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--columns", "cpu"), "--columns has no meaning with --ab"),
        (
            ("--fail-above", "syscalls=5"),
            "--ab does not count system calls; compare with --reference and --columns syscalls",
        ),
        (("--cold",), "--cold has no meaning with --ab"),
        (("--pid", "1"), "--pid has no meaning with --ab"),
        (("--cgroup", "nowhere"), "--cgroup has no meaning with --ab"),
        (("--quick",), "--quick has no meaning with --ab"),
        (("--reference", "asyncio"), "--reference has no meaning with --ab"),
        (("--scenario", "open-loop"), "--ab cannot measure the scenario open-loop; use one without a schedule"),
        (("--fail-above", "5", "--fail-above", "cpu=6"), "--fail-above limits cpu twice; give each quantity one limit"),
        (("threads",), "the targets to compare are those of --ab; leave out threads"),
    ],
)
def test_options_that_contradict_are_an_error(refusal: Callable[..., str], arguments: Sequence[str], line: str) -> None:
    assert refusal("bench", "--ab", "selectors", "asyncio", *arguments) == line


def test_target_that_cannot_serve_the_load_is_an_error(refusal: Callable[..., str]) -> None:
    line = "cannot compare blocking in throughput over inet: serves at most 1 client"
    assert refusal("bench", "--ab", "blocking", "selectors") == line


def test_code_that_cannot_be_loaded_is_the_fault_of_the_target(
    main: Main, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (directory / "gone.py").write_text("raise SystemExit('gone')")
    monkeypatch.chdir(directory)
    status, out, err = main("--ab", "selectors", "gone:serve")
    assert (status, out) == (1, "")
    assert "upecho: cannot compare gone:serve: import failed: SystemExit: gone" in err
