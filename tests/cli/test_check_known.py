"""``upecho check`` with known failures: the exit status, the notes, the files."""

import os
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

TARGET = "tests.broken.wrong_connection_end:resets_on_close"
FEW = ("--family", "inet", "--check", "half-close", "--check", "immediate-echo")
Check = Callable[..., Any]


@pytest.fixture
def check(upecho: Callable[..., Any]) -> Check:
    """Run two checks of a server that passes the second of them."""
    return lambda *arguments: upecho("check", TARGET, *FEW, *arguments)


@pytest.fixture
def known(tmp_path: Path) -> Callable[..., str]:
    """Write a file of known failures; return its directory."""

    def known(*checks: str) -> str:
        tables = [f"[[failure]]\ncheck = '{check}'\nreason = 'it is old'\n" for check in checks]
        (tmp_path / "x.toml").write_text(f"target = '{TARGET}'\n" + "".join(tables))
        return str(tmp_path)

    return known


@pytest.mark.once
def test_known_failure_does_not_fail_the_run(check: Check, known: Callable[..., str]) -> None:
    assert check().returncode == 1
    done = check("--known", known("half-close", "full-duplex"))  # full-duplex is not run, so not judged
    assert done.returncode == 0, done.stderr
    assert "2 checks due: 1 passed, 1 failed (1 known)" in done.stdout


@pytest.mark.once
def test_stale_known_failure_fails_the_run(check: Check, known: Callable[..., str], tmp_path: Path) -> None:
    done = check("--known", known("half-close", "immediate-echo"))
    assert done.returncode == 1
    assert f"{tmp_path}/x.toml: immediate-echo is listed as a known failure, but it passed over inet: " in done.stderr


def test_failures_are_written(check: Check, tmp_path: Path) -> None:
    done = check("--known", str(tmp_path), "--write-known")
    assert done.returncode == 0, done.stderr
    path = tmp_path / "tests.broken.wrong_connection_end-resets_on_close.toml"
    assert f"wrote {path}: 1 known failure\n" in done.stderr
    (failure,) = tomllib.loads(path.read_text())["failure"]
    reason = "expected FIN, saw RST"
    assert failure == {"check": "half-close", "reason": reason, "families": ["inet"]}
    done = check("--known", str(tmp_path), "--write-known")
    assert (done.returncode, f"{path} is unchanged: 1 known failure\n" in done.stderr) == (0, True)


def test_failures_of_some_are_written_although_the_code_of_others_cannot_be_loaded(
    upecho: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "aborts.py").write_text("import os; os.abort()")
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    done = upecho("check", TARGET, "aborts:serve", *FEW, "--known", str(tmp_path), "--write-known", env=environment)
    assert done.returncode == 1
    assert "wrote " in done.stderr


def test_broken_pipe_does_not_change_the_exit_status(upecho: Callable[..., Any], tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    gone: dict[str, Any] = {"capture_output": False, "stdout": writer, "stderr": subprocess.PIPE}
    passed = upecho("check", TARGET, "--family", "inet", "--check", "immediate-echo", **gone)
    assert (passed.returncode, "Traceback" in passed.stderr) == (0, False)
    assert upecho("check", TARGET, *FEW, **gone).returncode == 1
    written = upecho("check", TARGET, *FEW, "--known", str(tmp_path), "--write-known", **gone)
    os.close(writer)
    assert (written.returncode, len(list(tmp_path.iterdir()))) == (0, 1)


def test_known_failures_are_written_even_if_stdout_fails(upecho: Callable[..., Any], tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        keeping: dict[str, Any] = {"capture_output": False, "stdout": full, "stderr": subprocess.PIPE}
        done = upecho("check", TARGET, *FEW, "--known", str(tmp_path), "--write-known", **keeping)
    assert (done.returncode, len(list(tmp_path.iterdir()))) == (3, 1)


@pytest.mark.once
def test_flaky_failure_may_pass_and_stays(check: Check, known: Callable[..., str], tmp_path: Path) -> None:
    directory = known("immediate-echo")
    with (tmp_path / "x.toml").open("a") as file:
        file.write("flaky = true\n")
    done = check("--known", directory, "--write-known")
    assert f"wrote {tmp_path}/x.toml: 2 known failures\n" in done.stderr
    done = check("--known", directory)
    assert done.returncode == 0, done.stderr
    assert "FLAKY  immediate-echo: " in done.stdout
    assert "1 passed (1 flaky), 1 failed (1 known)" in done.stdout
    flaky, _ = tomllib.loads((tmp_path / "x.toml").read_text())["failure"]
    assert flaky == {"check": "immediate-echo", "reason": "it is old", "flaky": True}


@pytest.mark.once
def test_entry_that_passed_is_removed(check: Check, known: Callable[..., str], tmp_path: Path) -> None:
    done = check("--known", known("immediate-echo", "half-close"), "--write-known")
    assert done.returncode == 0, done.stderr
    families = ["inet6", "unix", "abstract"]  # over which this run says nothing
    assert tomllib.loads((tmp_path / "x.toml").read_text())["failure"] == [
        {"check": "immediate-echo", "reason": "it is old", "families": families},
        {"check": "half-close", "reason": "it is old"},
    ]


@pytest.mark.once
def test_file_without_entries_is_removed(upecho: Callable[..., Any], tmp_path: Path) -> None:
    directory = tmp_path / "known"
    arguments = ["check", "selectors", *FEW, "--write-known"]
    done = upecho(*arguments, cwd=tmp_path)
    assert (done.returncode, "selectors: no known failures to write\n" in done.stderr) == (0, True)
    assert not directory.exists()
    directory.mkdir()
    text = "target = 'selectors'\n[[failure]]\ncheck = 'half-close'\nreason = 'r'\nfamilies = ['inet']\n"
    (directory / "x.toml").write_text(text)
    done = upecho(*arguments, cwd=tmp_path)
    assert (done.returncode, "removed known/x.toml" in done.stderr) == (0, True)
    assert list(directory.iterdir()) == []


def test_bad_input_is_one_line(refusal: Callable[..., str], known: Callable[..., str], tmp_path: Path) -> None:
    assert "unknown check 'echo-helo'" in refusal("check", TARGET, "--known", known("echo-helo"))
    assert "cannot read known failures from nowhere" in refusal("check", TARGET, "--known", "nowhere")
    (tmp_path / "x.toml").unlink()
    (tmp_path / "x.toml").mkdir()
    assert "cannot read" in refusal("check", TARGET, "--known", str(tmp_path))


def test_unwritable_directory_is_reported_before_the_run(
    refusal: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "known").touch()
    assert "it is not a directory" in refusal("check", "selectors", "--write-known")


@pytest.mark.once
def test_named_directory_is_created_when_it_is_written(check: Check, tmp_path: Path) -> None:
    directory = tmp_path / "new"
    done = check("--known", str(directory), "--write-known")
    assert done.returncode == 0, done.stderr
    (file,) = directory.iterdir()
    assert [failure["check"] for failure in tomllib.loads(file.read_text())["failure"]] == ["half-close"]
