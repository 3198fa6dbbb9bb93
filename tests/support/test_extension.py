"""The C extension: it builds without a warning, and where it cannot be built, the rest works and says so."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from upecho.load import engine
from upecho.serving import inventory
from upecho.support import extension
from upecho.support.errors import Unavailable

pytest.importorskip("setuptools")

ROOT = Path(__file__).parents[2]


def build(directory: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "setup.py",
        "build_ext",
        f"--build-lib={directory}/lib",
        f"--build-temp={directory}/temp",
    ]
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | settings, capture_output=True, text=True, check=False, timeout=100
    )


@pytest.mark.skipif(engine.best() != "native", reason="no compiler is installed")
def test_extension_builds_without_a_warning(tmp_path: Path) -> None:
    done = build(tmp_path, CFLAGS="-Werror")
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.rglob("_native*.so")), done.stdout + done.stderr
    assert build(tmp_path, CC="no-such-compiler").returncode == 0
    assert not list(tmp_path.rglob("_native*.so")), "a library of an earlier build must not be taken for a new one"


@pytest.mark.skipif(sys.platform != "linux", reason="the extension is built on Linux only")
def test_missing_compiler_leaves_only_the_extension_out(tmp_path: Path) -> None:
    done = build(tmp_path, CC="no-such-compiler")
    assert done.returncode == 0
    assert not list(tmp_path.rglob("_native*.so"))
    (line,) = [line for line in done.stderr.splitlines() if "left out" in line]
    assert "they need a C compiler and Python's header files (Debian: apt install gcc python3-dev)" in line


@pytest.fixture
def without_extension(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "upecho.support._native", None)
    monkeypatch.delattr("upecho.support._native", raising=False)
    monkeypatch.delitem(sys.modules, "upecho.servers.native", raising=False)
    monkeypatch.delitem(sys.modules, "upecho.load.native_engine", raising=False)


@pytest.mark.usefixtures("without_extension")
def test_missing_extension_is_reported() -> None:
    with pytest.raises(Unavailable, match="the test is unavailable here: it needs upecho's C extension"):
        extension.load("the test")
    with pytest.raises(Unavailable, match="the native load engine is unavailable"):
        engine.engine("native")
    (row,) = [row for row in inventory.implementations() if row.name == "native"]
    assert row.unavailable == f"{extension.REASON}; {extension.HINT}"


@pytest.mark.usefixtures("without_extension")
def test_python_engine_is_best_without_the_extension() -> None:
    assert engine.best() == "python"


CHURN = ("bench", "selectors", "--engine", "python", "--scenario", "churn", "--no-check")
SAYS = "the load engine 'python' knows no churn, only the native one does"


@pytest.mark.skipif(engine.best() != "native", reason="the C extension was not built")
def test_scenario_that_the_chosen_engine_lacks_is_refused(refusal: Callable[..., str]) -> None:
    assert refusal(*CHURN) == SAYS


@pytest.mark.usefixtures("without_extension")
def test_scenario_that_needs_the_missing_extension_is_refused(refusal: Callable[..., str]) -> None:
    assert refusal(*CHURN[:2], *CHURN[4:]) == f"{SAYS}; {extension.REASON}; {extension.HINT}"
