"""Results come back from JSON as they went in; a results file is written as a whole or not at all."""

import errno
import os
from pathlib import Path

import pytest

from upecho import saving
from upecho.errors import CallerError
from upecho.load.latency import Latency
from upecho.load.plan import Failure, LoadResult
from upecho.measure.blocks import Block, Window
from upecho.measure.cells import SCENARIOS
from upecho.measure.cores import Cores
from upecho.measure.environment import Environment
from upecho.measure.results import Results, Wanted
from upecho.measure.rounds import Limits

LATENCY = Latency.of([1000, 2345, 3999])
GOOD = LoadResult("python", 3, 192, 9000, 8000, 600, True, LATENCY, {})
BAD = LoadResult("python", 0, 0, 0, 0, None, False, Latency.of([]), {Failure.RESET: 3})

RESULTS = Results(
    environment=Environment.here(Cores((0,), (1, 2)), ["", "asyncio", "no-such-loop"]),
    window=Window(0.1, 1.0, seed=5),
    limits=Limits(3, 60.0),
    checked=True,
    scenarios=SCENARIOS,
    wanted=(
        Wanted("a", "inet", "latency"),
        Wanted("b", "unix", "bulk", "serves 1 at once", ("echo-hello", "half-close")),
    ),
    blocks=(
        Block("a", "inet", "latency", 1, GOOD),
        Block("a", "inet", "latency", 2, BAD, "3 reset"),
        Block("b", "unix", "bulk", 2, None, "did not become ready"),
    ),
)


def test_results_come_back_as_they_went() -> None:
    assert Results.from_json(RESULTS.to_json()) == RESULTS


def test_the_environment_tells_what_numbers_depend_on() -> None:
    here = RESULTS.environment
    assert here.cpu
    assert "." in here.python
    assert here.core_count >= 1
    assert here.started.endswith("+00:00")
    assert "no-such-loop" not in here.loops


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "not a results file: it is no JSON"),
        ("[]", 'not a results file: it does not say "schema": "upecho-results"'),
        ('{"schema": "other"}', "not a results file"),
        ('{"schema": "upecho-results", "version": 99}', "results of version 99; this upecho reads version 1"),
        ('{"schema": "upecho-results"}', "results of version None"),
    ],
)
def test_what_is_no_results_file_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(CallerError, match=complaint):
        Results.from_json(text)


def test_saving_replaces_a_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "r.json"
    file.write_text("old")
    saving.check(file)
    assert file.read_text() == "old"
    saving.save(file, "new")
    assert file.read_text() == "new"
    assert list(tmp_path.iterdir()) == [file]


def test_saving_follows_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "real")
    saving.save(tmp_path / "link", "text")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "text"


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    file = tmp_path / "r.json"
    file.write_text("old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CallerError, match=r"cannot write .*r\.json: No space left on device"):
        saving.save(file, "new")
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("none/r.json", "No such file or directory"),
        (".", "it exists and is no regular file"),
        ("/dev/full", "it exists and is no regular file"),
        ("file/r.json", "Not a directory"),
    ],
)
def test_what_cannot_be_written_is_said_beforehand(path: str, complaint: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CallerError, match=f"cannot write .*: {complaint}"):
        saving.check(tmp_path / path)
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]
