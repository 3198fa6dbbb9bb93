"""The interpreters of a run: those that are named, and those on the PATH."""

import os
import re
from pathlib import Path

import pytest

from upecho.measure.plan import pythons
from upecho.measure.plan.cell_plan import PlannedCell, every_cell
from upecho.measure.plan.scenarios import SCENARIOS
from upecho.net.address import Family
from upecho.processes.interpreter import Interpreter
from upecho.serving.target import Kind, Target
from upecho.support.errors import CallerError

HERE = Interpreter.here()
VERSION = HERE.version.removeprefix("CPython ")


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a directory that is the whole PATH, apart from what a shell needs."""
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path), "/no-such-directory", "/bin"]))
    return tmp_path


def pretend(program: Path, version: str) -> None:
    """Write a program that claims to be a Python of that version."""
    program.write_text(f"#!/bin/sh\necho upecho CPython {version} True False\n")
    program.chmod(0o755)


def test_number_distinguishes_interpreters_of_one_version(path: Path) -> None:
    for name in ("first", "second"):
        pretend(path / name, "3.99.1")
    found = pythons.named(["first", "second", "first"])
    assert {name: python.executable for name, python in found.items()} == {
        "3.99.1": str(path / "first"),
        "3.99.1#2": str(path / "second"),
    }


def test_names_distinguish_interpreters(path: Path) -> None:
    pretend(path / "first", "3.99.1")
    found = pythons.named(["old=first", "new=first", "first"])
    assert {name: python.executable for name, python in found.items()} == dict.fromkeys(
        ("old", "new", "3.99.1"), str(path / "first")
    )


def test_directory_of_an_environment_stands_for_its_interpreter(path: Path) -> None:
    (path / "a=b" / "bin").mkdir(parents=True)
    pretend(path / "a=b" / "bin" / "python", "3.99.1")
    expected = str(path / "a=b" / "bin" / "python")
    assert pythons.named([f"old={path / 'a=b'}"])["old"].executable == expected
    assert pythons.named([str(path / "a=b")])["3.99.1"].executable == expected


@pytest.mark.parametrize(
    ("texts", "line"),
    [
        (["old=first", "old=second"], "two interpreters have the name 'old'; give each another name"),
        (["first", "3.99.1=second"], "two interpreters have the name '3.99.1'; give each another name"),
        (["a b=first"], "not a name for an interpreter: 'a b' in 'a b=first'; use letters, digits, "),
        (["=first"], "not a name for an interpreter: '' in '=first'; "),
        (["cold=first"], "not a name for an interpreter: 'cold' in 'cold=first'; "),
        (["all=first"], "not a name for an interpreter: 'all' in 'all=first'; "),
        (["old=all"], "one name for several interpreters: 'old=all'; write --python all"),
        (["old="], "no program ''"),
        (["old=/"], "not a virtual environment: the directory '/' has no bin/python"),
    ],
)
def test_name_that_is_impossible_is_an_error(path: Path, texts: list[str], line: str) -> None:
    pretend(path / "first", "3.99.1")
    pretend(path / "second", "3.99.1")
    with pytest.raises(CallerError, match=f"^{re.escape(line)}"):
        pythons.named(texts)


def test_all_selects_one_of_each_version_oldest_first(path: Path) -> None:
    pretend(path / "python3.99", "3.99.10")
    pretend(path / "python3.98", "3.99.2")
    pretend(path / "python3.97", "3.99.2")
    found = list(pythons.named(["all"]))
    assert found.index("3.99.2") < found.index("3.99.10")
    assert found[-2:] == ["3.99.2", "3.99.10"]
    assert VERSION in found
    assert pythons.named(["all"])[VERSION] == HERE


def test_program_that_is_not_a_recent_python_is_skipped(path: Path) -> None:
    pretend(path / "python3.10", "3.10.1")
    pretend(path / "python3.99-config", "3.99.0")
    (path / "python3.98").write_text("#!/bin/sh\nexit 127\n")
    (path / "python3.98").chmod(0o755)
    assert not any(name.startswith(("3.10.", "3.98", "3.99")) for name in pythons.named(["all"]))


def test_missing_program_is_an_error(path: Path) -> None:
    with pytest.raises(CallerError, match=r"no program 'python3\.99' on the PATH"):
        pythons.named(["python3.99"])


def test_target_that_an_interpreter_cannot_load_has_a_reason() -> None:
    def cells(text: str, found: dict[str, Interpreter]) -> list[PlannedCell]:
        return every_cell([Target(text, Kind.IMPLEMENTATION)], [Family.INET], SCENARIOS[:1], pythons=found)

    missing = cells("nobody:has_this", {VERSION: HERE})
    loadable = cells("threads", {VERSION: HERE}) + cells("threads", {}) + cells("nobody:has_this", {})
    unable = pythons.unloadable(loadable + missing)
    assert list(unable) == missing
    assert "nobody" in unable[missing[0]]
