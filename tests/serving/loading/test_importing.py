"""Importing code of others: where it is looked for, and what is said if it fails."""

import sys
from pathlib import Path

import pytest

from upecho.serving import registry
from upecho.serving.loading.implementation import load_implementation
from upecho.support.errors import CallerError, Unavailable


def test_module_in_the_current_directory_is_found(here: Path) -> None:
    sys.path[:] = [entry for entry in sys.path if entry not in ("", str(here))]
    server = load_implementation("mine:serve")
    assert (server.declared.max_clients, server.summary) == (7, "A module.")


def test_loading_a_name_leaves_the_import_path_alone(here: Path) -> None:
    before = list(sys.path)
    load_implementation("threads")
    assert sys.path == before


def test_current_directory_cannot_shadow_the_standard_library(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "wave", raising=False)  # a module that nothing here needs
    sys.path[:] = [entry for entry in sys.path if entry not in ("", str(here))]
    (here / "wave.py").write_text("raise SystemExit('shadowed')")
    (here / "mine.py").write_text("import wave\ndef serve(listener, stop):\n    wave.open()\n")
    load_implementation("mine:serve")


def test_missing_dependency_makes_a_module_unavailable(here: Path) -> None:
    (here / "mine.py").write_text("import no_such_package\n")
    with pytest.raises(Unavailable, match="mine:serve is unavailable here: the package 'no_such_package' is not"):
        load_implementation("mine:serve")


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("raise GeneratorExit", "GeneratorExit ({}/mine.py:1)"),
        ("class Odd(BaseException): pass\nraise Odd(3)", "Odd: 3 ({}/mine.py:2)"),
        ("raise SystemExit(0)", "SystemExit: 0 ({}/mine.py:1)"),
        ("raise ImportError('no\\nlibrary')", "ImportError: no library ({}/mine.py:1)"),
        ("import deep", "JSONDecodeError: Expecting value: line 1 column 2 (char 1) ({}/deep.py:3)"),
        ("def", "SyntaxError: invalid syntax (mine.py, line 1)"),
    ],
)
def test_module_that_raises_is_broken(here: Path, code: str, what: str) -> None:
    (here / "mine.py").write_text(code)
    (here / "deep.py").write_text("import json\ndef deep():\n    json.loads('[')\ndeep()")
    with pytest.raises(CallerError) as raised:
        load_implementation("mine:serve")
    assert str(raised.value) == f"mine:serve: import failed: {what.format(here)}"


def test_interrupt_during_an_import_propagates(here: Path) -> None:
    (here / "mine.py").write_text("raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        load_implementation("mine:serve")


@pytest.mark.parametrize("bug", ["from os import no_such", "import upecho.no_such", "1 / 0"])
def test_own_bug_propagates(here: Path, monkeypatch: pytest.MonkeyPatch, bug: str) -> None:
    (here / "mine.py").write_text(bug)
    monkeypatch.setattr(registry, "BUILT_IN", (registry.Registration("ours", "mine:serve"),))
    monkeypatch.setattr(registry, "BUILT_IN_NAMES", {"ours"})
    monkeypatch.syspath_prepend(here)
    with pytest.raises((ImportError, ZeroDivisionError)):
        load_implementation("ours")
