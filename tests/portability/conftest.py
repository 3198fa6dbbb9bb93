"""Runs commands that lack what only Linux has."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HIDING = Path(__file__).parent / "hiding"

Hidden = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def hidden() -> Callable[..., dict[str, str]]:
    """Return the environment in which Python lacks things, by the names of functions in ``hiding/sitecustomize.py``."""

    def hidden(*names: str) -> dict[str, str]:
        path = os.pathsep.join(filter(None, [str(HIDING), os.environ.get("PYTHONPATH", "")]))
        return os.environ | {"UPECHO_TEST_HIDES": " ".join(names), "PYTHONPATH": path}

    return hidden


@pytest.fixture
def run(tmp_path: Path) -> Hidden:
    """Run the command line in a child process, in an empty directory."""

    def run(environment: dict[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "upecho", *arguments],
            capture_output=True, text=True, check=False, timeout=100.0, cwd=tmp_path, env=environment,
        )  # fmt: skip

    return run


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A link to a directory for temporary files, with a name as long as on macOS: /tmp and /var are links there."""
    with tempfile.TemporaryDirectory(prefix="up-") as name:
        real = Path(name) / "private"
        real.mkdir()
        link = Path(name) / "zyxvpxvq6csfxvn_n0000000000000"
        link.symlink_to(real)
        yield link
