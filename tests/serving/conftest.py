"""What tests of names and of loading share."""

import importlib.metadata
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from upecho.serving import registry


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
