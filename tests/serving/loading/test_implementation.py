"""Loading an implementation by its name."""

import importlib.metadata
from pathlib import Path

import pytest

from upecho.serving import limits, registry
from upecho.serving.loading import signature
from upecho.serving.loading.implementation import load_implementation
from upecho.support.errors import CallerError, Unavailable


@pytest.mark.parametrize(
    "row", [row for row in registry.BUILT_IN if not limits.python(row.since)], ids=lambda row: row.name
)
def test_every_built_in_implementation_can_be_loaded(row: registry.Registration) -> None:
    server = load_implementation(row.name)
    signature.expect_server(server.serve, row.name)
    assert (server.summary, server.naive) == (row.summary, row.naive)


def test_implementation_for_a_newer_python_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    row = registry.Registration("ours", "upecho.servers.threads:serve", since=(3, 99))
    monkeypatch.setattr(registry, "BUILT_IN", (row,))
    monkeypatch.setattr(registry, "BUILT_IN_NAMES", {"ours"})
    with pytest.raises(Unavailable) as raised:
        load_implementation("ours")
    assert str(raised.value) == "ours is unavailable here: it needs Python 3.99 or newer"


def test_loading_a_built_in_reads_no_entry_points(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(importlib.metadata, "entry_points")
    load_implementation("threads")


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
        load_implementation(target)
    assert str(raised.value).startswith(message)


def test_summary_comes_from_serve_before_its_module(here: Path) -> None:
    (here / "mine.py").write_text('"""A module."""\ndef serve(listener, stop):\n    """A server.\n\n    More."""\n')
    assert load_implementation("mine:serve").summary == "A server."


def test_entry_point_adds_an_implementation(here: Path, entry_point: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(here)
    assert load_implementation("added").declared.max_clients == 7
