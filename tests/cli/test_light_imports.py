"""Commands import no large package that they do not need: neither test frameworks nor what draws charts."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.report.page.samples import results, saved, verdicts

HEAVY = ("pytest", "_pytest", "hypothesis", "altair", "vl_convert", "locust")
RUN = f"""
import sys
from upecho.cli import main
sys.argv[0] = "upecho"
try:
    main()
except SystemExit as end:
    heavy = [name for name in {HEAVY} if name in sys.modules]
    print(end.code, heavy, file=sys.stderr)
"""


def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", RUN, *arguments]
    return subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "arguments",
    [
        ["list"],
        ["list", "--checks"],
        ["serve", "--help"],
        ["send", "--help"],
        ["show", "--help"],
        ["compare", "--help"],
        ["report", "--help"],
        ["check", "--help"],
        ["locust", "--help"],
        ["--help"],
    ],
    ids=" ".join,
)
def test_command_imports_no_large_package(arguments: list[str]) -> None:
    assert run(*arguments).stderr == "0 []\n"


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["compare", "no-such-file"], 2),
        (["report", "no-such-file", "--output", "/dev/null/page.html"], 2),
        (["send", "127.0.0.1:1"], 2),
        (["serve", "no-such-implementation"], 2),
        (["check", "127.0.0.1:1"], 2),
        (["locust", "no-address"], 2),
    ],
    ids=str,
)
def test_command_that_does_its_work_imports_no_large_package(arguments: list[str], status: int) -> None:
    assert run(*arguments).stderr.splitlines()[-1] == f"{status} []"


def test_text_of_a_report_imports_no_large_package(tmp_path: Path) -> None:
    done = run("report", *saved(tmp_path, results=results(), verdicts=verdicts()), "--text")
    assert "Where each loop diverges" in done.stdout
    assert done.stderr == "0 []\n"


def test_completion_of_check_ids_imports_no_test_framework() -> None:
    done = run(_UPECHO_COMPLETE="bash_complete", COMP_WORDS="upecho check selectors --check half", COMP_CWORD="4")
    assert "plain,half-close\n" in done.stdout
    assert done.stderr == "0 []\n"
