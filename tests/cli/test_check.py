"""``upecho check``: its output, its files and its exit status."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from upecho.conformance.catalogue import by_id
from upecho.conformance.check import Level
from upecho.conformance.run.check_run import CheckRun, Plan
from upecho.conformance.run.runner import Runner
from upecho.conformance.run.verdicts.outcome import Outcome, Verdict
from upecho.net.address import Family
from upecho.processes.server_process import ServerProcess
from upecho.serving.target import Kind, Target

FEW = ("--check", "half-close", "--check", "accepts-when-ready", "--check", "socket-path-too-long")

DAEMON = """
import os, pathlib, time
if pid := os.fork():
    pathlib.Path(__file__).with_name("pid").write_text(str(pid))
    os._exit(0)
os.setsid()
time.sleep(600)
"""


def outcome(verdict: Verdict, level: Level = Level.MUST, known: str = "") -> Outcome:
    return Outcome("selectors", Family.INET, "half-close", level, verdict, 0.0, known=known)


def test_correct_server_passes(upecho: Callable[..., Any]) -> None:
    done = upecho("check", "selectors", "--family", "inet", "--family", "unix", *FEW)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^  socket-path-too-long +MUST +\.$", done.stdout, re.MULTILINE)
    assert "5 checks due: 5 passed, 0 failed, 0 unsupported, 0 error" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr


def test_wrong_server_fails(upecho: Callable[..., Any]) -> None:
    done = upecho("check", "textbook", "--family", "inet", "--check", "single-byte-messages", "--check", "half-close")
    assert done.returncode == 1
    assert "FAILED  single-byte-messages: textbook over inet" in done.stdout
    assert "upecho check textbook --family inet --check single-byte-messages" in done.stdout
    assert "2 checks due: 0 passed, 1 failed, 1 not run" in done.stdout
    assert [line for line in done.stdout.splitlines() if line.endswith(" ")] == []


@pytest.mark.parametrize("address", ["127.0.0.1:0", "unix:{directory}/x.sock"])
def test_server_at_an_address_is_checked_and_left_running(
    upecho: Callable[..., Any], start: Callable[..., ServerProcess], directory: Path, address: str
) -> None:
    server = start("threads", address.format(directory=directory))
    done = upecho("check", str(server.address), *FEW)
    assert done.returncode == 0, done.stdout
    assert "1 check due: 1 passed" in done.stdout
    assert "left out, because upecho did not start the server" in done.stderr
    assert server.child.is_alive()


def test_command_that_does_not_serve_fails(upecho: Callable[..., Any]) -> None:
    done = upecho("check", "cmd:/bin/false {address}", "--family", "inet", "--check", "half-close")
    assert done.returncode == 1
    assert "exit status 1" in done.stdout


def test_command_that_becomes_a_daemon_fails_with_advice(
    upecho: Callable[..., Any], directory: Path, eventually: Callable[[Callable[[], object]], None]
) -> None:
    (directory / "daemon.py").write_text(DAEMON)
    target = f"cmd:{sys.executable} {directory}/daemon.py {{address}}"
    done = upecho("check", target, "--family", "unix", "--check", "half-close")
    assert done.returncode == 1
    assert "exit status 0; a command must stay in the foreground; on" in " ".join(done.stdout.split())
    pid = int((directory / "pid").read_text())
    eventually(lambda: not Path(f"/proc/{pid}").exists())


def test_command_that_does_not_start_is_no_error_of_upecho(upecho: Callable[..., Any]) -> None:
    information = ("check", "cmd:/bin/false {address}", "--family", "inet", "--check", "memory-after-stall")
    done = upecho(*information)
    assert (done.returncode, "1 not run" in done.stdout) == (0, True)
    done = upecho(*information, "--check", "echo-hello")
    assert (done.returncode, "1 failed, 1 not run" in done.stdout) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["thread"], "did you mean threads"),
        (["127.0.0.1:1"], "no server is listening"),
        (["unix:/no/such/path"], "no server is listening"),
        (["unix:" + "x" * 200], "path too long"),
        (["selectors", "--check", "half-clos"], "did you mean half-close"),
        (["selectors", "--family", "inet", "--check", "socket-path-too-long"], "none of the selected checks applies"),
        (["selectors", "--family", "ipx"], "ipx"),
        (["selectors", "--jobs", "0"], "0"),
        (["selectors", "--jobs", "4000"], "--jobs is 4000; it must be at most "),
        (["selectors", "--grace", "3"], "--grace is for commands; an implementation declares GRACE in its module"),
        (["selectors", "--json", "/no/such/directory/file"], "cannot write"),
        (["127.0.0.1:1", "--family", "unix"], "is of family inet"),
        ([], "TARGET"),
    ],
)
def test_bad_input_is_one_line(refusal: Callable[..., str], arguments: list[str], message: str) -> None:
    assert message in refusal("check", *arguments)


def test_pytest_files_in_the_current_directory_are_ignored(upecho: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("raise RuntimeError('loaded')")
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    done = upecho("check", "selectors", "--family", "inet", "--check", "half-close", cwd=tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("outcomes", "strict", "status"),
    [
        ([outcome(Verdict.PASSED)], False, 0),
        ([outcome(Verdict.UNSUPPORTED)], True, 0),
        ([outcome(Verdict.FAILED)], False, 1),
        ([outcome(Verdict.FAILED, Level.SHOULD)], False, 0),
        ([outcome(Verdict.FAILED, Level.SHOULD)], True, 1),
        ([outcome(Verdict.FAILED, Level.INFO)], True, 0),
        ([outcome(Verdict.FAILED, known="no FIN")], True, 0),
        ([outcome(Verdict.PASSED, known="no FIN")], False, 1),
        ([outcome(Verdict.UNSUPPORTED, known="no FIN")], False, 1),
        ([outcome(Verdict.ERROR)], False, 3),
        ([outcome(Verdict.ERROR, known="no FIN")], False, 3),
        ([], False, 3),
    ],
)
def test_exit_status(monkeypatch: pytest.MonkeyPatch, outcomes: list[Outcome], strict: bool, status: int) -> None:
    monkeypatch.setattr(Runner, "outcomes", lambda _: iter(outcomes))
    pairs = [(Target("selectors", Kind.IMPLEMENTATION), Family.INET)]
    run = CheckRun(Plan(pairs, [by_id()["half-close"]], strict=strict))
    assert list(run.outcomes()) == outcomes
    assert run.exit_status() == status


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import sys; sys.exit(0)", "SystemExit"),
        ("1 / 0", "ZeroDivisionError"),
        ("def", "SyntaxError"),
        ("import os; os._exit(0)", "a process that tried it ended with exit status 0"),
        ("import os; os.kill(os.getpid(), 11)", "a process that tried it was killed by SIGSEGV"),
        ("raise KeyboardInterrupt", "a process that tried it was killed by SIGINT"),
    ],
)
def test_module_that_fails_at_import_is_reported(
    upecho: Callable[..., Any], tmp_path: Path, code: str, reason: str
) -> None:
    (tmp_path / "mine.py").write_text(code)
    done = upecho("check", "mine:serve", "--family", "inet", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"upecho: mine:serve: import failed: {reason}")
    assert done.stderr.count("\n") == 1


def test_module_whose_import_never_ends_is_reported(upecho: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("import time; time.sleep(600)")
    environment = os.environ | {"UPECHO_DEADLINE_SCALE": "0.1"}
    done = upecho("check", "mine:serve", "--family", "inet", cwd=tmp_path, env=environment)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "upecho: mine:serve: import failed: it takes longer than 0.5 s\n"


def test_output_of_a_module_at_import_does_not_block(upecho: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("print('x' * 1000000)\nfrom upecho.servers.threads import serve\n")
    done = upecho("check", "mine:serve", "--family", "inet", "--check", "half-close", cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_module_in_the_current_directory_shadows_nothing(tmp_path: Path) -> None:
    (tmp_path / "selectors.py").write_text("print('my lesson')")
    command = [
        sys.executable,
        "-P",
        "-m",
        "upecho",
        "check",
        "selectors",
        "--family",
        "inet",
        "--check",
        "random-schedules",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["selectors.py"]


def test_character_outside_the_encoding_of_stdout_is_replaced(upecho: Callable[..., Any]) -> None:
    environment = os.environ | {"PYTHONIOENCODING": "latin-1"}
    done = upecho("check", "textbook", "--family", "inet", "--check", "coalesced-messages", env=environment)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)


def test_other_targets_are_checked_when_the_code_of_one_cannot_be_used(
    upecho: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text("import os; os.kill(os.getpid(), 11)")
    options = ["--family", "inet", "--check", "half-close", "--json", "verdicts.json"]
    done = upecho("check", "asyncio+mine:new_event_loop", "selectors", *options, cwd=tmp_path)
    assert (done.returncode, "1 passed" in done.stdout) == (1, True)
    reason = "import failed: a process that tried it was killed by SIGSEGV"
    assert done.stderr.startswith(f"upecho: asyncio+mine:new_event_loop: {reason}\n")
    assert json.loads((tmp_path / "verdicts.json").read_text())["unusable"] == {"asyncio+mine:new_event_loop": reason}


def test_verdicts_are_saved_although_no_target_can_be_used(upecho: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("1 / 0")
    done = upecho("check", "mine:serve", "--family", "inet", "--json", "verdicts.json", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert list(json.loads((tmp_path / "verdicts.json").read_text())["unusable"]) == ["mine:serve"]


def test_terminal_without_columns_gets_the_report(upecho: Callable[..., Any]) -> None:
    done = upecho("check", "selectors", "--family", "inet", "--check", "echo-hello", env=os.environ | {"COLUMNS": "0"})
    assert done.returncode == 0, done.stderr
    assert "1 check due: 1 passed" in done.stdout
