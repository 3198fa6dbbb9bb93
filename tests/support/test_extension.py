"""The C extension builds without warnings; where it cannot be built, that is reported and the rest works."""

import os
import shutil
import subprocess
import sys
import sysconfig
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


@pytest.mark.skipif(engine.best() != "native", reason="there is no compiler here")
def test_extension_builds_without_warnings(tmp_path: Path) -> None:
    done = build(tmp_path, CFLAGS="-Werror")
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.rglob("_native*.so")), done.stdout + done.stderr
    assert build(tmp_path, CC="no-such-compiler").returncode == 0
    assert not list(tmp_path.rglob("_native*.so")), (
        "the file of an earlier build must not be taken for the result of this one"
    )


@pytest.mark.once
@pytest.mark.skipif(not shutil.which("musl-gcc"), reason="musl-gcc is not installed (Debian: apt install musl-tools)")
def test_sources_call_nothing_that_musl_lacks() -> None:
    command = ["musl-gcc", "-std=c11", "-fsyntax-only", "-Wall", "-Wextra", "-Werror"]
    sources = map(str, sorted((ROOT / "src/native").glob("*.c")))
    subprocess.run([*command, f"-I{sysconfig.get_path('include')}", *sources], timeout=100, check=True)


@pytest.mark.skipif(sys.platform != "linux", reason="the extension is built on Linux only")
def test_build_without_a_compiler_leaves_the_extension_out(tmp_path: Path) -> None:
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
def test_missing_extension_is_reported_by_what_needs_it() -> None:
    with pytest.raises(Unavailable, match="the example is unavailable here: it needs upecho's C extension"):
        extension.require("the example")
    with pytest.raises(Unavailable, match="the native load engine is unavailable"):
        engine.engine("native")
    (row,) = [row for row in inventory.implementations() if row.name == "native"]
    assert row.unavailable == f"{extension.REASON}; {extension.HINT}"


@pytest.mark.usefixtures("without_extension")
def test_python_engine_is_used_without_the_extension() -> None:
    assert engine.best() == "python"


CHURN = ("bench", "selectors", "--engine", "python", "--scenario", "churn", "--no-check")
REFUSAL = "only the native load engine supports churn, not 'python'"


@pytest.mark.skipif(engine.best() != "native", reason="the C extension was not built")
def test_scenario_that_the_chosen_engine_does_not_support_is_refused(refusal: Callable[..., str]) -> None:
    assert refusal(*CHURN) == f"{REFUSAL}; use --engine native"


@pytest.mark.usefixtures("without_extension")
def test_scenario_that_the_only_engine_does_not_support_is_refused(refusal: Callable[..., str]) -> None:
    assert refusal(*CHURN[:2], *CHURN[4:]) == f"{REFUSAL}; {extension.REASON}; {extension.HINT}"


@pytest.mark.skipif(engine.best() != "native", reason="no compiler is installed")
@pytest.mark.parametrize("number", [None, extension.INTERFACE + 1])
def test_extension_of_an_older_build_is_refused(monkeypatch: pytest.MonkeyPatch, number: int | None) -> None:
    native = extension.require("the test")
    if number is None:
        monkeypatch.delattr(native, "INTERFACE")
    else:
        monkeypatch.setattr(native, "INTERFACE", number)
    with pytest.raises(Unavailable, match="built from a different version of upecho; reinstall upecho"):
        extension.require("the test")
    monkeypatch.delitem(sys.modules, "upecho.servers.native", raising=False)  # another test may have imported it
    (row,) = [row for row in inventory.implementations() if row.name == "native"]
    assert row.unavailable == f"{extension.STALE}; reinstall upecho"
