"""Which Pythons a run has: those named, and all that the PATH has to offer."""

import os
from pathlib import Path

import pytest

from upecho.measure import pythons
from upecho.measure.cells import SCENARIOS, Cell
from upecho.net.address import Family
from upecho.processes.interpreter import Interpreter
from upecho.support.errors import CallerError

HERE = Interpreter.here()
VERSION = HERE.version.removeprefix("CPython ")


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory that is all there is on the PATH but what a shell needs."""
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path), "/usr/bin-that-is-none", "/bin"]))
    return tmp_path


def pretend(program: Path, version: str) -> None:
    """Write a program that says it is a Python of that version."""
    program.write_text(f"#!/bin/sh\necho upecho CPython {version} True\n")
    program.chmod(0o755)


def test_equal_ones_are_told_apart_by_number(path: Path) -> None:
    for name in ("first", "second"):
        pretend(path / name, "3.99.1")
    found = pythons.named(["first", "second", "first"])
    assert {name: python.executable for name, python in found.items()} == {
        "3.99.1": str(path / "first"),
        "3.99.1#2": str(path / "second"),
    }


def test_all_is_one_of_each_version_the_oldest_first(path: Path) -> None:
    pretend(path / "python3.99", "3.99.10")
    pretend(path / "python3.98", "3.99.2")
    pretend(path / "python3.97", "3.99.2")
    found = list(pythons.named(["all"]))
    assert found.index("3.99.2") < found.index("3.99.10")
    assert found[-2:] == ["3.99.2", "3.99.10"]
    assert VERSION in found
    assert pythons.named(["all"])[VERSION] == HERE


def test_what_only_looks_like_a_python_is_left_out(path: Path) -> None:
    pretend(path / "python3.10", "3.10.1")
    pretend(path / "python3.99-config", "3.99.0")
    (path / "python3.98").write_text("#!/bin/sh\nexit 127\n")
    (path / "python3.98").chmod(0o755)
    assert not any(name.startswith(("3.10.", "3.98", "3.99")) for name in pythons.named(["all"]))


def test_one_that_was_named_has_to_be_one(path: Path) -> None:
    with pytest.raises(CallerError, match=r"no program 'python3\.99' on the PATH"):
        pythons.named(["python3.99"])


def test_what_an_interpreter_cannot_load_has_a_reason() -> None:
    cells = [
        Cell(target, Family.INET, SCENARIOS[0], python=python)
        for target in ("threads", "nobody:has_this")
        for python in ("", VERSION)
    ]
    unable = pythons.unable({VERSION: HERE}, cells)
    assert list(unable) == [cells[3]]
    assert "nobody" in unable[cells[3]]
