"""The tutorial: its server and its steps behave as it says."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.docs.pages import RUNS_LONG_EXAMPLES, find
from upecho.conformance.run.verdicts.outcome import Verdict

pytestmark = [pytest.mark.once, pytest.mark.unmeasured]

TUTORIAL = Path("docs/tutorial")
PAGE = str(TUTORIAL / "index.md")
ROW = re.compile(r"^  (\S+) +(?:MUST|SHOULD) +(\S.*)$", re.MULTILINE)
LETTERS = {Verdict.PASSED: ".", Verdict.FAILED: "F", Verdict.NOT_RUN: "-", Verdict.UNSUPPORTED: "u"}


@pytest.fixture
def files(directory: Path) -> Path:
    """Copy the files of the tutorial to a directory of their own."""
    for path in TUTORIAL.iterdir():
        if path.suffix in (".py", ".toml"):
            shutil.copy(path, directory)
    return directory


def test_each_step_passes_and_fails_the_checks_that_the_page_shows(upecho: Callable[..., Any], files: Path) -> None:
    block = find(PAGE, "$ upecho check textbook step1")
    (command,) = block.commands()
    words = shlex.split(command if RUNS_LONG_EXAMPLES else command.replace("--family unix ", ""))
    done = upecho(*words[1:], "--json", "verdicts.json", cwd=files)
    assert done.returncode == 1, done.stderr
    seen: dict[str, str] = {}
    for verdict in json.loads((files / "verdicts.json").read_text())["verdicts"]:
        key = f"{verdict['check']} {verdict['target']}"
        seen[key] = seen.get(key, "") + LETTERS[Verdict(verdict["verdict"])]
    targets = [word for word in words if word == "textbook" or word.endswith(":serve")]
    shown = {
        f"{check} {target}": cell if RUNS_LONG_EXAMPLES else cell[0]
        for check, row in ROW.findall(block.text)
        for target, cell in zip(targets, row.split(), strict=True)
    }
    assert shown == seen


def test_file_of_settings_is_as_shown(files: Path) -> None:
    shown = find(PAGE, "$ cat lesson.toml").text.splitlines()[1:3]
    assert (files / "lesson.toml").read_text().splitlines() == shown


@pytest.mark.parametrize(
    ("server", "client"), [("$ cat", "$ upecho send hello"), ("$ upecho serve", "$ upecho send --to")]
)
def test_lesson_answers_one_client(
    upecho: Callable[..., Any], files: Path, monkeypatch: pytest.MonkeyPatch, server: str, client: str
) -> None:
    if server == "$ cat":
        monkeypatch.setenv("UPECHO_BIND", "127.0.0.1:0")  # takes precedence over the file, whose port may be in use
    *_, serve = find(PAGE, server).commands()
    (send,) = find(PAGE, client).commands()
    command = [sys.executable, "-m", *shlex.split(serve)]
    with subprocess.Popen(command, cwd=files, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        ready = process.stdout.readline().rstrip("\n")
        monkeypatch.setenv("UPECHO_TO", ready.rpartition(" ")[2])
        done = upecho(*shlex.split(send)[1:], cwd=files)
        assert (done.stdout, process.wait(timeout=60)) == ("HELLO\n", 0)
    shown = find(PAGE, server).text.splitlines()[-1]
    assert ready.rpartition(" ")[0] == shown.rpartition(" ")[0]
