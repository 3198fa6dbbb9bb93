"""Names: what they stand for, and the messages about names that stand for nothing."""

import importlib.metadata
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from upecho.serving import registry
from upecho.support.errors import CallerError, Unavailable


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, with a module ``mine`` in it that has not been imported."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "mine", raising=False)
    (tmp_path / "mine.py").write_text('"""A module.\n\nMore."""\nMAX_CLIENTS = 7\ndef serve(listener, stop): pass\n')
    return tmp_path


@pytest.fixture
def entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [EntryPoint("added", "mine:serve [extra]", registry.ENTRY_POINTS)]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: points)


@pytest.mark.parametrize("row", registry.BUILT_IN, ids=lambda row: row.name)
def test_every_built_in_implementation_can_be_loaded(row: registry.Registration) -> None:
    server = registry.load_implementation(row.name)
    assert callable(server.serve)
    assert (server.summary, server.naive) == (row.summary, row.naive)


def test_max_clients_comes_from_the_module() -> None:
    assert registry.load_implementation("blocking").max_clients == 1
    assert registry.load_implementation("threads").max_clients is None


def test_loading_a_built_in_reads_no_entry_points(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(importlib.metadata, "entry_points")
    registry.load_implementation("threads")


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("threds", "unknown implementation 'threds'; did you mean threads?"),
        ("", "unknown implementation ''; known: blocking, "),
        ("asyncio+uvlop", "unknown loop 'uvlop'; did you mean uvloop?"),
        ("threads+uvloop", "threads does not use an event loop"),
        ("asyncio+os:sep", "not a loop factory: os:sep: str is not callable"),
        ("no_such:serve", "no module 'no_such', which no_such:serve refers to"),
        ("os.no_such:serve", "no module 'os.no_such'"),
        ("mine:serve", "no module 'mine.no_such', which mine:serve refers to"),
        ("os:no_such", "module os has no 'no_such', which os:no_such refers to"),
        ("os:sep", "not a server: os:sep: str is not a callable serve(listener, stop)"),
        (
            "os:remove",
            "not a server: os:remove: it has the signature (path, *, dir_fd=None), not serve(listener, stop)",
        ),
        ("os:", "not module:attribute: 'os:'"),
        ("127.0.0.1:80", "not module:attribute: '127.0.0.1:80'"),
    ],
)
def test_wrong_name_is_answered_with_a_suggestion(here: Path, target: str, message: str) -> None:
    (here / "mine.py").write_text("import mine.no_such")
    with pytest.raises(CallerError) as raised:
        registry.load_implementation(target)
    assert str(raised.value).startswith(message)


def test_loop_that_is_not_installed_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    with pytest.raises(Unavailable, match=r"^uvloop is unavailable here: the package 'uvloop' is not installed; "):
        registry.load_implementation("asyncio+uvloop")


def test_module_in_the_current_directory_is_found(here: Path) -> None:
    sys.path[:] = [entry for entry in sys.path if entry not in ("", str(here))]
    server = registry.load_implementation("mine:serve")
    assert (server.max_clients, server.summary) == (7, "A module.")


def test_loading_a_name_leaves_the_import_path_alone(here: Path) -> None:
    before = list(sys.path)
    registry.load_implementation("threads")
    assert sys.path == before


def test_current_directory_cannot_shadow_the_standard_library(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "wave", raising=False)  # a module that nothing here needs
    sys.path[:] = [entry for entry in sys.path if entry not in ("", str(here))]
    (here / "wave.py").write_text("raise SystemExit('shadowed')")
    (here / "mine.py").write_text("import wave\ndef serve(listener, stop):\n    wave.open()\n")
    registry.load_implementation("mine:serve")


def test_summary_comes_from_serve_before_its_module(here: Path) -> None:
    (here / "mine.py").write_text('"""A module."""\ndef serve(listener, stop):\n    """A server.\n\n    More."""\n')
    assert registry.load_implementation("mine:serve").summary == "A server."


@pytest.mark.parametrize("families", ["()", "'inet'", "('inet', 'ipx')", "7", "[[]]", "{'inet': 1}"])
def test_malformed_families_are_a_caller_error(here: Path, families: str) -> None:
    (here / "mine.py").write_text(f"FAMILIES = {families}\ndef serve(listener, stop): pass\n")
    with pytest.raises(CallerError) as raised:
        registry.load_implementation("mine:serve")
    assert str(raised.value).startswith(f"mine:serve: FAMILIES is {families}; it must be a tuple with some of 'inet', ")


@pytest.mark.parametrize(("declaration", "logs"), [("", False), ("LOGS = True\n", True), ("LOGS = False\n", False)])
def test_module_declares_that_it_logs(here: Path, declaration: str, logs: bool) -> None:
    (here / "mine.py").write_text(f"{declaration}def serve(listener, stop): pass\n")
    assert registry.load_implementation("mine:serve").logs is logs


def test_logs_that_is_no_truth_value_is_refused(here: Path) -> None:
    (here / "mine.py").write_text("LOGS = 1\ndef serve(listener, stop): pass\n")
    with pytest.raises(CallerError, match=r"^mine:serve: LOGS is 1; it must be True or False$"):
        registry.load_implementation("mine:serve")


@pytest.mark.parametrize(("declaration", "grace"), [("", 0.0), ("GRACE = 10\n", 10.0), ("GRACE = 0.5\n", 0.5)])
def test_module_declares_its_grace(here: Path, declaration: str, grace: float) -> None:
    (here / "mine.py").write_text(f"{declaration}def serve(listener, stop): pass\n")
    assert registry.load_implementation("mine:serve").grace == grace


@pytest.mark.parametrize("grace", ["-1", "3601", "True", "'10'", "float('nan')"])
def test_grace_outside_its_limits_is_refused(here: Path, grace: str) -> None:
    (here / "mine.py").write_text(f"GRACE = {grace}\ndef serve(listener, stop): pass\n")
    with pytest.raises(
        CallerError, match=r"^mine:serve: GRACE is .+; it must be a number of seconds between 0 and 3600$"
    ):
        registry.load_implementation("mine:serve")


def test_missing_dependency_makes_a_module_unavailable(here: Path) -> None:
    (here / "mine.py").write_text("import no_such_package\n")
    with pytest.raises(Unavailable, match="mine:serve is unavailable here: the package 'no_such_package' is not"):
        registry.load_implementation("mine:serve")


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
        registry.load_implementation("mine:serve")
    assert str(raised.value) == f"mine:serve: import failed: {what.format(here)}"


def test_interrupt_during_an_import_propagates(here: Path) -> None:
    (here / "mine.py").write_text("raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        registry.load_implementation("mine:serve")


@pytest.mark.parametrize("bug", ["from os import no_such", "import upecho.no_such", "1 / 0"])
def test_own_bug_propagates(here: Path, monkeypatch: pytest.MonkeyPatch, bug: str) -> None:
    (here / "mine.py").write_text(bug)
    monkeypatch.setattr(registry, "BUILT_IN", (registry.Registration("ours", "mine:serve"),))
    monkeypatch.setattr(registry, "BUILT_IN_NAMES", {"ours"})
    monkeypatch.syspath_prepend(here)
    with pytest.raises((ImportError, ZeroDivisionError)):
        registry.load_implementation("ours")


def test_entry_point_adds_an_implementation(here: Path, entry_point: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(here)
    assert registry.registrations()[-1] == registry.Registration("added", "mine:serve")
    assert registry.load_implementation("added").max_clients == 7


def test_name_from_an_entry_point_is_suggested(entry_point: None) -> None:
    with pytest.raises(CallerError, match="did you mean added"):
        registry.find("aded")
