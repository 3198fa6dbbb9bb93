"""``upecho check``: what it prints, writes and returns for servers that behave, that do not, and that do not exist."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from upecho.cli.commands.check import exit_status
from upecho.conformance.run.outcome import Outcome, Verdict
from upecho.processes.server_process import ServerProcess

FEW = ("--check", "half-close", "--check", "accepts-when-ready", "--check", "socket-path-too-long")

DAEMON = """
import os, pathlib, time
if pid := os.fork():
    pathlib.Path(__file__).with_name("pid").write_text(str(pid))
    os._exit(0)
os.setsid()
time.sleep(600)
"""


def outcome(verdict: Verdict, level: str = "MUST", known: str = "") -> Outcome:
    return Outcome("selectors", "inet", "half-close", level, verdict, "", 0.0, known=known)


def test_a_server_that_behaves(upecho: Callable[..., Any]) -> None:
    done = upecho("check", "selectors", "--family", "inet", "--family", "unix", *FEW)
    assert done.returncode == 0, done.stderr
    assert "  socket-path-too-long      MUST     .\n" in done.stdout
    assert "5 checks due: 5 passed, 0 failed, 0 unsupported, 0 error" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr


def test_a_server_that_does_not(upecho: Callable[..., Any]) -> None:
    done = upecho("check", "textbook", "--family", "inet", "--check", "single-byte-messages", "--check", "half-close")
    assert done.returncode == 1
    assert "FAILED  single-byte-messages: textbook over inet" in done.stdout
    assert "upecho check textbook --family inet --check single-byte-messages" in done.stdout
    assert "2 checks due: 1 passed, 1 failed" in done.stdout
    assert [line for line in done.stdout.splitlines() if line.endswith(" ")] == []


@pytest.mark.parametrize("address", ["127.0.0.1:0", "unix:{directory}/x.sock"])
def test_an_address_that_somebody_else_serves(
    upecho: Callable[..., Any], start: Callable[..., ServerProcess], directory: Path, address: str
) -> None:
    server = start("threads", address.format(directory=directory))
    done = upecho("check", str(server.address), *FEW)
    assert done.returncode == 0, done.stdout
    assert "1 check due: 1 passed" in done.stdout
    assert "need the process" in done.stderr
    assert server.child.is_alive()


def test_a_program_in_any_language(upecho: Callable[..., Any]) -> None:
    done = upecho("check", "cmd:/bin/false {address}", "--family", "inet", "--check", "half-close")
    assert done.returncode == 1
    assert "exit status 1" in done.stdout


def test_a_daemon_is_told_to_stay_in_the_foreground(
    upecho: Callable[..., Any], directory: Path, eventually: Callable[[Callable[[], object]], None]
) -> None:
    (directory / "daemon.py").write_text(DAEMON)
    target = f"cmd:{sys.executable} {directory}/daemon.py {{address}}"
    done = upecho("check", target, "--family", "unix", "--check", "half-close")
    assert done.returncode == 1
    assert "exit status 0; a command must stay in the foreground; on" in " ".join(done.stdout.split())
    pid = int((directory / "pid").read_text())
    eventually(lambda: not Path(f"/proc/{pid}").exists())


def test_a_program_that_does_not_start_is_no_trouble_of_ours(upecho: Callable[..., Any]) -> None:
    information = ("check", "cmd:/bin/false {address}", "--family", "inet", "--check", "memory-after-stall")
    done = upecho(*information)
    assert (done.returncode, "1 passed" in done.stdout) == (0, True)
    done = upecho(*information, "--check", "half-close")
    assert (done.returncode, "1 passed, 1 failed" in done.stdout) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["thread"], "did you mean threads"),
        (["127.0.0.1:1"], "nobody is listening"),
        (["unix:/no/such/path"], "nobody is listening"),
        (["unix:" + "x" * 200], "path too long"),
        (["selectors", "--check", "half-clos"], "did you mean half-close"),
        (["selectors", "--family", "inet", "--check", "socket-path-too-long"], "none of these checks is due"),
        (["selectors", "--family", "ipx"], "ipx"),
        (["selectors", "--jobs", "0"], "0"),
        (["selectors", "--jobs", "4000"], "--jobs is 4000; it must be at most "),
        (["selectors", "--json", "/no/such/directory/file"], "cannot write"),
        (["127.0.0.1:1", "--family", "unix"], "is of family inet"),
        ([], "TARGET"),
    ],
)
def test_bad_input_is_one_line(refusal: Callable[..., str], arguments: list[str], message: str) -> None:
    assert message in refusal("check", *arguments)


def test_the_current_directory_has_no_say(upecho: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("raise RuntimeError('nobody asked')")
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    done = upecho("check", "selectors", "--family", "inet", "--check", "half-close", cwd=tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("outcomes", "strict", "status"),
    [
        ([outcome(Verdict.PASSED)], False, 0),
        ([outcome(Verdict.UNSUPPORTED)], True, 0),
        ([outcome(Verdict.FAILED)], False, 1),
        ([outcome(Verdict.FAILED, "SHOULD")], False, 0),
        ([outcome(Verdict.FAILED, "SHOULD")], True, 1),
        ([outcome(Verdict.FAILED, "INFO")], True, 0),
        ([outcome(Verdict.FAILED, known="no FIN")], True, 0),
        ([outcome(Verdict.PASSED, known="no FIN")], False, 1),
        ([outcome(Verdict.UNSUPPORTED, known="no FIN")], False, 1),
        ([outcome(Verdict.ERROR)], False, 3),
        ([outcome(Verdict.ERROR, known="no FIN")], False, 3),
        ([], False, 3),
    ],
)
def test_the_exit_status(outcomes: list[Outcome], strict: bool, status: int) -> None:
    assert exit_status(outcomes, 1, strict=strict) == status


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import sys; sys.exit(0)", "SystemExit"),
        ("1 / 0", "ZeroDivisionError"),
        ("def", "SyntaxError"),
        ("import os; os._exit(0)", "a process that imported it ended with status 0"),
        ("import os; os.kill(os.getpid(), 11)", "a process that imported it was killed by SIGSEGV"),
        ("raise KeyboardInterrupt", "a process that imported it was killed by SIGINT"),
    ],
)
def test_a_module_that_fails_at_import_is_no_pass(
    upecho: Callable[..., Any], tmp_path: Path, code: str, reason: str
) -> None:
    (tmp_path / "mine.py").write_text(code)
    done = upecho("check", "mine:serve", "--family", "inet", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"upecho: mine:serve: broken: {reason}")
    assert done.stderr.count("\n") == 1


def test_a_module_that_never_comes_to_its_end_is_broken(upecho: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("import time; time.sleep(600)")
    environment = os.environ | {"UPECHO_DEADLINE_SCALE": "0.1"}
    done = upecho("check", "mine:serve", "--family", "inet", cwd=tmp_path, env=environment)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "upecho: mine:serve: broken: importing it takes longer than 1 s\n"


def test_what_a_module_prints_at_import_is_not_waited_for(upecho: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("print('x' * 1000000)\nfrom upecho.servers.threads import serve\n")
    done = upecho("check", "mine:serve", "--family", "inet", "--check", "half-close", cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_a_lesson_in_the_current_directory_shadows_nothing(tmp_path: Path) -> None:
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


def test_a_character_that_stdout_lacks_is_no_traceback(upecho: Callable[..., Any]) -> None:
    environment = os.environ | {"PYTHONIOENCODING": "latin-1"}
    done = upecho("check", "textbook", "--family", "inet", "--check", "coalesced-messages", env=environment)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
