"""Runs ``pytest bench`` as users do."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import COMMAND_SECONDS

ROOT = Path(__file__).parents[2]
QUICK = ("--trials", "2", "--trial-seconds", "0.02", "--family", "unix", "-k", "throughput", "-rs")
IN_A_CHECKOUT = pytest.mark.skipif(not (ROOT / "bench").exists(), reason="not in a checkout of the project")

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def bench() -> Run:
    def bench(*arguments: str, directory: Path = ROOT, **environment: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "pytest", str(ROOT / "bench"), "-p", "no:cacheprovider", *QUICK, *arguments]
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        options = {"capture_output": True, "text": True, "timeout": COMMAND_SECONDS, "cwd": directory}
        return subprocess.run(command, check=False, env=inherited | environment, **options)  # type: ignore[call-overload,no-any-return]

    return bench
