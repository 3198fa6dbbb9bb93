"""A server in another language: the suite finds what it does wrong, and nothing else."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SOCAT = 'cmd:socat TCP-LISTEN:{port},bind={host},reuseaddr,fork,backlog=1024 EXEC:"stdbuf -o0 tr a-z A-Z"'
BUFFERED = "cmd:socat UNIX-LISTEN:{path},fork EXEC:'tr a-z A-Z'"

pytestmark = pytest.mark.skipif(not shutil.which("socat"), reason="socat is not installed")


@pytest.fixture(autouse=True)
def short_deadlines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the deadlines: the failing checks wait until one expires."""
    monkeypatch.setenv("UPECHO_DEADLINE_SCALE", "0.4")


def failed(upecho: Callable[..., Any], file: Path, target: str, *checks: str) -> set[str]:
    words = [f"--check={check}" for check in checks]
    family = "unix" if "{path}" in target else "inet"
    done = upecho("check", target, f"--family={family}", *words, "--json", str(file), timeout=100)
    assert done.returncode in (0, 1), done.stderr
    return {one["check"] for one in json.loads(file.read_text())["verdicts"] if one["verdict"] == "failed"}


def test_socat_passes_checks_of_serving_and_fails_checks_of_stopping(
    upecho: Callable[..., Any], tmp_path: Path
) -> None:
    right = (
        "echo-hello",
        "half-close-large",
        "stall-then-drain",
        "reset-before-accept",
        "hundred-clients",
        "no-errors-on-stderr",
    )
    wrong = ("graceful-shutdown", "graceful-shutdown-no-data-loss")
    assert failed(upecho, tmp_path / "verdicts.json", SOCAT, *right, *wrong) == set(wrong)


def test_filter_that_buffers_its_output_does_not_answer_the_first_client(
    upecho: Callable[..., Any], tmp_path: Path
) -> None:
    found = failed(upecho, tmp_path / "verdicts.json", BUFFERED, "echo-hello", "immediate-echo", "half-close")
    assert found == {"echo-hello"}
