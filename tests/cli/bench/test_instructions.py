"""``upecho bench --count instructions``: from end to end with a program in the place of Valgrind, and refusals."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fake_valgrind import VERSION, install
from tests.made_up import run
from upecho.load.engine import best
from upecho.measure.plan.settings import Counting
from upecho.measure.results import read_results

BASELINES = ["native"] if best() == "native" else []
COUNT = ("--count", "instructions", "--counter", "callgrind")
TINY = (*COUNT, "--rounds", "1", "--quick", "--no-check")

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Refusal = Callable[..., str]


def test_counts_are_shown_saved_compared_and_exported(
    upecho: Run, refusal: Refusal, directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(directory, monkeypatch, refused="threads")
    file = tmp_path / "counts.json"
    done = upecho("bench", "selectors", "threads", *TINY, "--save", str(file))
    assert done.returncode == 0, done.stderr
    results = read_results(file)
    assert results.counting == Counting("callgrind", VERSION, (500, 1500))
    assert [one.cell.target for one in results.requested] == ["selectors", "threads", *BASELINES]
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["over", "unix", "instructions", "layouts", "repeated", "ratio", "±"] in lines
    assert next(line for line in lines if line[:1] == ["selectors"])[1:6] == ["1", "000", "0.0%", "~", "100%"]
    text = " ".join(done.stdout.split())
    assert "threads unsupported by callgrind: it ended with exit status 1 before it was ready" in text
    assert "1 round of 500 and 1500 requests to fresh server processes, counted by callgrind" in text
    assert "CPU µs" not in text
    assert upecho("show", str(file)).stdout == done.stdout
    compared = upecho("compare", str(file), str(file), "--fail-above", "0.5")
    assert compared.returncode == 0
    text = " ".join(compared.stdout.split())
    assert "BASE, NEW: instructions of the server per request in user mode, median of the rounds" in text
    assert ["selectors", "1", "000", "1", "000", "1.00000", "?", "too", "few", "rounds"] in [
        line.split() for line in compared.stdout.splitlines()
    ]
    timed = tmp_path / "timed.json"
    timed.write_text(run({"selectors": [1.0]}).to_json())
    assert refusal("compare", str(timed), str(file)) == (
        "not comparable: BASE measures time and NEW counts the instructions of 500 and 1500 requests by callgrind; "
        "measure both in the same way"
    )
    exported = tmp_path / "exported.json"
    assert upecho("export", str(file), "--format", "github-action-benchmark", "--output", str(exported)).returncode == 0
    assert '"unit": "instructions per request"' in exported.read_text()
    date = ("--commit", "0" * 40, "--commit-date", "2026-01-01T00:00:00+00:00")
    assert refusal("export", str(file), "--format", "asv", "--output", str(tmp_path / "asv"), *date) == (
        "this run counts instructions: --format asv takes a run that measures time"
    )
    assert refusal("report", str(file), "--output", str(tmp_path / "page.html")) == (
        f"{file}: this run counts instructions: a page takes a run that measures time"
    )


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (
            (*COUNT, "--engine-cores", "1"),
            "--engine-cores is for a run that measures time; leave out --engine-cores or --count",
        ),
        ((*COUNT, "--cold"), "--cold is for a run that measures time; leave out --cold or --count"),
        ((*COUNT, "--seconds", "1"), "--seconds is for a run that measures time; leave out --seconds or --count"),
        (("--counter", "perf"), "--counter needs --count instructions"),
        (
            (*COUNT, "--scenario", "throughput"),
            "cannot count: the scenario 'throughput' does not have one connection with one request in flight; "
            "leave out --scenario or --count",
        ),
    ],
)
def test_options_that_contradict_counting_are_refused(
    options: tuple[str, ...], line: str, refusal: Refusal, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(directory, monkeypatch)
    assert refusal("bench", "selectors", *options) == line


def test_server_that_runs_already_cannot_be_counted(
    refusal: Refusal, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(directory, monkeypatch)
    line = "cannot count 127.0.0.1:9: the server runs already; leave out --count"
    assert refusal("bench", "127.0.0.1:9", *COUNT) == line


def test_missing_valgrind_is_refused_before_anything_is_started(
    refusal: Refusal, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(directory))
    assert refusal("bench", "selectors", *COUNT).startswith(
        "counting with Callgrind is unavailable here: valgrind is not on the PATH; install it"
    )


def test_limit_that_is_not_counted_is_refused_before_anything_is_checked(refusal: Callable[..., str]) -> None:
    line = refusal("bench", "threads", "--reference", "selectors", *COUNT, "--fail-above", "p99=5")
    assert line == "a run that counts instructions does not measure p99; leave its limit out"
