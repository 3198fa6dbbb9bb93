"""The command line as a whole: help, completion, errors and exit statuses."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest
from click.shell_completion import ShellComplete

from upecho import cli
from upecho.support.errors import HarnessError, TargetError

Upecho = Callable[..., "subprocess.CompletedProcess[str]"]
Refusal = Callable[..., str]


@pytest.fixture
def command_raising(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    """Run a command that does nothing but raise an exception."""

    def command_raising(error: BaseException) -> None:
        def fail(self: object, context: object) -> NoReturn:
            raise error

        monkeypatch.setattr(sys, "argv", ["upecho", "list"])
        monkeypatch.setattr(cli.Commands, "invoke", fail)
        cli.main()

    return command_raising


def completions(*words: str) -> list[str]:
    *arguments, incomplete = words
    completer = ShellComplete(cli.upecho, {}, "upecho", cli.COMPLETION)
    return [item.value for item in completer.get_completions(arguments, incomplete)]


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (TargetError("it is broken"), 1, "upecho: it is broken\n"),
        (HarnessError("two\nlines"), 3, "upecho: two lines\n"),
        (OSError(errno.ENOSPC, "No space left on device"), 3, "upecho: no space left on the disk\n"),
        (OSError(errno.ENOENT, "No such file", "x.json"), 3, "upecho: No such file: x.json\n"),
        (KeyboardInterrupt(), 130, "upecho: interrupted\n"),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), 0, ""),
    ],
)
def test_expected_error_is_reported_on_one_line(
    command_raising: Any, capsys: pytest.CaptureFixture[str], error: BaseException, status: int, line: str
) -> None:
    with pytest.raises(SystemExit) as end:
        command_raising(error)
    assert (end.value.code, capsys.readouterr().err) == (status, line)


@pytest.mark.parametrize("bug", [ValueError("a bug"), EOFError(), OSError(errno.EBADF, "Bad file descriptor")])
def test_unexpected_exception_is_not_caught(command_raising: Any, bug: Exception) -> None:
    with pytest.raises(type(bug)):
        command_raising(bug)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["srve"], "unknown command 'srve'; did you mean serve?"),
        (
            ["zzz"],
            "unknown command 'zzz'; known: list, serve, send, check, bench, locust, show, compare, report, export",
        ),
        (["serve"], "Missing argument 'NAME[+LOOP]' (see upecho serve --help)"),
        (["send", "a", "b"], "Got unexpected extra argument (b) (see upecho send --help)"),
    ],
)
def test_usage_error_is_reported_on_one_line(refusal: Refusal, arguments: list[str], line: str) -> None:
    assert refusal(*arguments) == line


def test_mistyped_option_suggests_the_nearest(refusal: Refusal) -> None:
    line = refusal("serve", "threads", "--baklog", "5")
    assert line.startswith("No such option")
    assert "--backlog" in line


def test_missing_command_prints_help_to_stderr(upecho: Upecho) -> None:
    done = upecho()
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Usage: upecho [OPTIONS] COMMAND [ARGS]...")


@pytest.mark.parametrize("command", ["list", "serve", "send"])
def test_help_has_an_example_and_fits_80_columns(upecho: Upecho, command: str) -> None:
    done = upecho(command, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"\n  upecho {command}" in done.stdout, "no example"
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_version_is_printed(upecho: Upecho) -> None:
    assert upecho("--version").stdout.startswith("upecho, version ")


@pytest.mark.parametrize("arguments", [["--help"], ["list"], ["list", "--json"]])
def test_full_disk_is_reported_on_one_line(upecho: Upecho, arguments: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = upecho(*arguments, capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (3, "upecho: no space left on the disk\n")


@pytest.mark.parametrize(("arguments", "status"), [(["list"], 0), (["zzz"], 2), (["list", "--zzz"], 2), ([], 2)])
def test_exit_status_is_right_when_stderr_cannot_be_written(upecho: Upecho, arguments: list[str], status: int) -> None:
    with Path("/dev/full").open("w") as full:
        done = upecho(*arguments, capture_output=False, stdout=subprocess.DEVNULL, stderr=full)
    assert done.returncode == status


@pytest.mark.parametrize(
    "arguments",
    [["check", "selectors"], ["serve", "mine:serve"], ["check", "mine:serve"], ["bench", "selectors", "--no-check"]],
)
def test_missing_current_directory_is_reported_on_one_line(directory: Path, arguments: list[str]) -> None:
    (directory / "gone").mkdir()
    command = ["/bin/sh", "-c", 'rmdir ../gone; exec "$@"', "sh", sys.executable, "-P", "-m", "upecho", *arguments]
    done = subprocess.run(command, cwd=directory / "gone", capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "upecho: the current directory no longer exists; change to another one\n"


def test_closed_pipe_is_not_an_error(upecho: Upecho) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = upecho("list", capture_output=False, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("arguments", [["list"], ["serve", "threads"], ["send", "x"]])
def test_closed_stdout_is_reported_on_one_line(arguments: list[str]) -> None:
    command = ["/bin/sh", "-c", '"$@" >&-', "sh", sys.executable, "-m", "upecho", *arguments]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (3, 1)
    assert done.stderr.startswith("upecho: stdout is closed")


def test_messages_for_a_closed_stderr_do_not_go_to_stdout() -> None:
    check = ["check", "selectors", "--family", "unix", "--check", "echo-hello"]
    command = ["/bin/sh", "-c", '"$@" 2>&-', "sh", sys.executable, "-m", "upecho", *check]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stdout.split()[0]) == (0, "selectors")  # the table comes first


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("s",), ["serve", "send", "show"]),
        (("serve", "textb"), ["textbook"]),
        (("serve", "asyncio+u"), ["asyncio+uvloop", "asyncio+uringcore"]),
        (("serve", "asyncio+a"), ["asyncio+asyncio", "asyncio+aiofastnet", "asyncio+aiofastnet-uvloop"]),
        (("check", "asyncio+al"), ["asyncio+all"]),
        (("bench", "asyncio-sock+al"), ["asyncio-sock+all"]),
        (("serve", "zzz"), []),
        (("serve", "threads", "--gr"), ["--grace"]),
        (("serve", "--bind", "unix:@"), ["unix:@"]),
        (("send", "--to", "12"), ["127.0.0.1:8080"]),
        (
            ("check", "selectors", "--check", "half-close-"),
            ["half-close-large", "half-close-while-stalled", "half-close-before-accept"],
        ),
        (("check", "selectors", "--check", "zzz"), []),
        (("srve", "x"), []),
    ],
)
def test_word_is_completed(words: tuple[str, ...], expected: list[str]) -> None:
    assert completions(*words) == expected


def test_completion_script_is_printed(upecho: Upecho) -> None:
    done = upecho(env=os.environ | {cli.COMPLETION: "bash_source"})
    if "Bash" in done.stderr:
        pytest.skip("needs a recent bash")
    assert "complete -o nosort -F _upecho_completion upecho" in done.stdout
