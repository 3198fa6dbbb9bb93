"""A removed current directory is an error of the caller."""

from pathlib import Path

import pytest

from upecho.support.errors import CallerError
from upecho.support.paths import current_directory


def test_current_directory_is_returned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert current_directory() == tmp_path


def test_removed_current_directory_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(CallerError, match="the current directory no longer exists; change to another one"):
        current_directory()
