"""A command that a signal ends, SIGKILL included, leaves no server process and no socket behind."""

import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.killable import Harness
from upecho.processes.linux import procfs

pytestmark = [
    pytest.mark.once,
    pytest.mark.unmeasured,
    pytest.mark.skipif(not procfs.AVAILABLE, reason="needs /proc"),
]

COMMANDS = {
    "check": ["-m", "upecho", "check", "threads", "prefork", "--family", "unix"],
    "bench": ["-m", "upecho", "bench", "prefork", "--family", "unix", "--no-check", "--seconds", "5"],
    "gate": ["-m", "upecho", "bench", "prefork", "threads", "--family", "unix"],
    "pytest-suite": [
        "-m",
        "pytest",
        "--pyargs",
        "upecho.conformance",
        "--upecho-target",
        "prefork",
        "--upecho-family",
        "unix",
    ],
    "pytest-bench": ["-m", "pytest", "bench", "--implementation", "prefork", "--family", "unix"],
}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM], ids=lambda one: one.name)
@pytest.mark.parametrize("name", COMMANDS)
def test_killed_command_leaves_no_process_and_no_file_behind(
    directory: Path, eventually: Callable[[Callable[[], object]], None], name: str, number: signal.Signals
) -> None:
    with Harness(directory, sys.executable, *COMMANDS[name]) as harness:
        eventually(harness.is_serving)
        harness.popen.send_signal(number)
        harness.popen.communicate()
    assert harness.popen.returncode != 0
    eventually(lambda: not harness.left_behind())
