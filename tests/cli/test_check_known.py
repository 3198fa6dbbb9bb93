"""``upecho check`` with known failures: the exit status, what is said, what is written."""

import os
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

TARGET = "tests.broken.wrong_bytes:lower_case"
FEW = ("--family", "inet", "--check", "echo-hello", "--check", "immediate-half-close")
Check = Callable[..., Any]


@pytest.fixture
def check(upecho: Callable[..., Any]) -> Check:
    """Run two checks on a server that passes the second of them."""
    return lambda *arguments: upecho("check", TARGET, *FEW, *arguments)


@pytest.fixture
def known(tmp_path: Path) -> Callable[..., str]:
    """Write a file of known failures; return its directory."""

    def known(*checks: str) -> str:
        tables = [f"[[failure]]\ncheck = '{check}'\nreason = 'nobody is perfect'\n" for check in checks]
        (tmp_path / "x.toml").write_text(f"target = '{TARGET}'\n" + "".join(tables))
        return str(tmp_path)

    return known


def test_a_known_failure_does_not_count(check: Check, known: Callable[..., str]) -> None:
    assert check().returncode == 1
    done = check("--known", known("echo-hello", "half-close"))  # half-close is not run, so not judged
    assert done.returncode == 0, done.stderr
    assert "2 checks due: 1 passed, 1 failed (1 known)" in done.stdout


def test_a_stale_one_does(check: Check, known: Callable[..., str], tmp_path: Path) -> None:
    done = check("--known", known("echo-hello", "immediate-half-close"))
    assert done.returncode == 1
    assert (
        f"{tmp_path}/x.toml: immediate-half-close is listed as a known failure, but it passed over inet: "
        in done.stderr
    )


def test_they_can_be_written(check: Check, tmp_path: Path) -> None:
    done = check("--known", str(tmp_path), "--write-known")
    assert done.returncode == 0, done.stderr
    path = tmp_path / "tests.broken.wrong_bytes-lower_case.toml"
    assert f"wrote {path}: 1 known failure\n" in done.stderr
    (failure,) = tomllib.loads(path.read_text())["failure"]
    reason = "expected b'HELLO' at byte 0, saw b'hello'"
    assert failure == {"check": "echo-hello", "reason": reason, "families": ["inet"]}
    done = check("--known", str(tmp_path), "--write-known")
    assert (done.returncode, f"{path} stays as it is: 1 known failure\n" in done.stderr) == (0, True)


def test_a_reader_that_went_away_changes_no_status(upecho: Callable[..., Any], tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    gone: dict[str, Any] = {"capture_output": False, "stdout": writer, "stderr": subprocess.PIPE}
    passed = upecho("check", TARGET, "--family", "inet", "--check", "immediate-half-close", **gone)
    assert (passed.returncode, "Traceback" in passed.stderr) == (0, False)
    assert upecho("check", TARGET, *FEW, **gone).returncode == 1
    written = upecho("check", TARGET, *FEW, "--known", str(tmp_path), "--write-known", **gone)
    os.close(writer)
    assert (written.returncode, len(list(tmp_path.iterdir()))) == (0, 1)


def test_what_cannot_be_shown_is_written_all_the_same(upecho: Callable[..., Any], tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        keeping: dict[str, Any] = {"capture_output": False, "stdout": full, "stderr": subprocess.PIPE}
        done = upecho("check", TARGET, *FEW, "--known", str(tmp_path), "--write-known", **keeping)
    assert (done.returncode, len(list(tmp_path.iterdir()))) == (3, 1)


def test_what_is_flaky_may_pass_and_stays(check: Check, known: Callable[..., str], tmp_path: Path) -> None:
    directory = known("immediate-half-close")
    with (tmp_path / "x.toml").open("a") as file:
        file.write("flaky = true\n")
    done = check("--known", directory, "--write-known")
    assert f"wrote {tmp_path}/x.toml: 2 known failures\n" in done.stderr
    done = check("--known", directory)
    assert done.returncode == 0, done.stderr
    assert "FLAKY  immediate-half-close: " in done.stdout
    assert "1 passed (1 flaky), 1 failed (1 known)" in done.stdout
    _, flaky = tomllib.loads((tmp_path / "x.toml").read_text())["failure"]
    assert flaky == {"check": "immediate-half-close", "reason": "nobody is perfect", "flaky": True}


def test_what_passes_is_taken_out(check: Check, known: Callable[..., str], tmp_path: Path) -> None:
    done = check("--known", known("immediate-half-close", "echo-hello"), "--write-known")
    assert done.returncode == 0, done.stderr
    families = ["inet6", "unix", "abstract"]  # over which this run says nothing
    assert tomllib.loads((tmp_path / "x.toml").read_text())["failure"] == [
        {"check": "echo-hello", "reason": "nobody is perfect"},
        {"check": "immediate-half-close", "reason": "nobody is perfect", "families": families},
    ]


def test_a_file_that_has_become_empty_goes(upecho: Callable[..., Any], tmp_path: Path) -> None:
    directory = tmp_path / "known"
    arguments = ["check", "selectors", *FEW, "--write-known"]
    done = upecho(*arguments, cwd=tmp_path)
    assert (done.returncode, "selectors: nothing to write, no known failures\n" in done.stderr) == (0, True)
    assert not directory.exists()
    directory.mkdir()
    text = "target = 'selectors'\n[[failure]]\ncheck = 'echo-hello'\nreason = 'r'\nfamilies = ['inet']\n"
    (directory / "x.toml").write_text(text)
    done = upecho(*arguments, cwd=tmp_path)
    assert (done.returncode, "removed known/x.toml" in done.stderr) == (0, True)
    assert list(directory.iterdir()) == []


def test_bad_input_is_one_line(refusal: Callable[..., str], known: Callable[..., str], tmp_path: Path) -> None:
    assert "unknown check 'echo-helo'" in refusal("check", TARGET, "--known", known("echo-helo"))
    assert "no directory nowhere" in refusal("check", TARGET, "--known", "nowhere")
    (tmp_path / "x.toml").unlink()
    (tmp_path / "x.toml").mkdir()
    assert "cannot read" in refusal("check", TARGET, "--known", str(tmp_path))


def test_where_nothing_can_be_written_is_said_at_once(
    refusal: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "known").touch()
    assert "it is no directory" in refusal("check", "selectors", "--write-known")
