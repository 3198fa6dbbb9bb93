"""``upecho export``: its files, and what is refused."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.made_up import run

STEADY = [4.0, 4.04, 3.96, 4.0, 4.04, 3.96]
HASH, DATE = "0123456789abcdef0123456789abcdef01234567", "2026-01-02T03:04:05+01:00"
GITHUB = ["--format", "github-action-benchmark"]
ASV = ["--format", "asv", "--commit", HASH, "--commit-date", DATE]

Main = Callable[..., tuple[int, str, str]]
Refusal = Callable[..., str]


@pytest.fixture
def results(tmp_path: Path) -> str:
    (tmp_path / "results.json").write_text(run({"a": STEADY, "b": "1 reset"}).to_json())
    return str(tmp_path / "results.json")


def test_file_for_github_action_benchmark(results: str, upecho_here: Main, tmp_path: Path) -> None:
    done = upecho_here("export", results, *GITHUB, "--output", str(tmp_path / "bench.json"))
    assert done == (0, "", "left out 1 cell, because it has no figures\n")
    assert [one["name"] for one in json.loads((tmp_path / "bench.json").read_text())] == ["chat over unix: a"]


def test_directory_for_asv_is_created_and_extended(results: str, upecho_here: Main, tmp_path: Path) -> None:
    directory = tmp_path / "asv" / "results"
    assert upecho_here("export", results, *ASV, "--output", str(directory))[0] == 0
    (tmp_path / "second.json").write_text(run({"c": STEADY}).to_json())
    other = [word.replace("01234567", "fedcba98") for word in ASV]
    assert upecho_here("export", str(tmp_path / "second.json"), *other, "--output", str(directory))[0] == 0
    assert sorted(str(path.relative_to(directory)) for path in directory.rglob("*.json")) == [
        "a-cpu-2-cores/01234567-upecho-cpython-3.json",
        "a-cpu-2-cores/fedcba98-upecho-cpython-3.json",
        "a-cpu-2-cores/machine.json",
        "benchmarks.json",
    ]
    known = json.loads((directory / "benchmarks.json").read_text())
    assert known["upecho.chat.cost"]["params"][0] == ["'a'", "'b'", "'c'"]


def test_command_runs_in_its_own_process(results: str, upecho: Callable[..., object], tmp_path: Path) -> None:
    done = upecho("export", results, *GITHUB, "--output", str(tmp_path / "bench.json"))
    assert (done.returncode, done.stdout) == (0, "")  # type: ignore[attr-defined]


def test_busy_machine_is_reported(upecho_here: Main, tmp_path: Path) -> None:
    (tmp_path / "busy.json").write_text(run({"a": STEADY}, disturbed=3).to_json())
    _, _, err = upecho_here("export", str(tmp_path / "busy.json"), *GITHUB, "--output", str(tmp_path / "bench.json"))
    assert err == "50% of the trials were disturbed: the machine was too busy for conclusions\n"


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--output", "x"], "Missing option '--format'. Choose from: github-action-benchmark, asv (see upecho export"),
        (["--format", "html", "--output", "x"], "Invalid value for '--format': 'html' is not one of "),
        (GITHUB, "Missing option '--output' (see upecho export --help)"),
        ([*GITHUB, "--output", "/no/such/file"], "cannot write /no/such/file: No such file or directory"),
        ([*GITHUB, "--output", "x", "--commit", HASH], "--commit and --commit-date are for --format asv"),
        ([*GITHUB, "--output", "x", "--commit-date", DATE], "--commit and --commit-date are for --format asv"),
        (["--format", "asv", "--output", "x"], "--format asv needs --commit and --commit-date"),
        ([*ASV[:-2], "--output", "x"], "--format asv needs --commit and --commit-date"),
        ([*ASV, "--commit", "HEAD", "--output", "x"], "--commit is 'HEAD'; it must be a full hash, as git rev-parse"),
        (
            [*ASV, "--commit-date", "today", "--output", "x"],
            "--commit-date is 'today'; it must be a date with time and",
        ),
        ([*ASV, "--commit-date", "2026-01-02T03:04:05", "--output", "x"], "--commit-date is '2026-01-02T03:04:05'; it"),
        ([*ASV, "--output", "/dev/null"], "cannot create /dev/null: File exists"),
    ],
)
def test_wrong_option_is_one_line(options: list[str], line: str, results: str, refusal: Refusal) -> None:
    assert refusal("export", results, *options).startswith(line)


@pytest.mark.parametrize("content", ["", "[]", '{"version": 1}', '{"version": 3}'])
def test_foreign_file_of_benchmarks_is_not_overwritten(
    content: str, results: str, refusal: Refusal, tmp_path: Path
) -> None:
    (tmp_path / "benchmarks.json").write_text(content)
    said = refusal("export", results, *ASV, "--output", str(tmp_path))
    assert said.startswith(f"{tmp_path}/benchmarks.json: not a file of benchmarks of asv, version 2")
    assert (tmp_path / "benchmarks.json").read_text() == content


def test_verdicts_and_runs_without_figures_are_refused(refusal: Refusal, tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    file.write_text('{"schema": "upecho-verdicts", "version": 2}')
    assert refusal("export", str(file), *GITHUB, "--output", "y").startswith(f"{file}: not a results file: ")
    file.write_text(run({"a": "1 reset"}).to_json())
    assert refusal("export", str(file), *GITHUB, "--output", "y") == f"{file}: the run has no figures"
