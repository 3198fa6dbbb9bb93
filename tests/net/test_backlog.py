"""The limit of the system for the queue of a listener."""

import socket
from pathlib import Path

import pytest

from upecho.net import backlog


def test_limit_is_that_of_the_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "somaxconn").write_text("16\n")
    monkeypatch.setattr(backlog, "LIMIT", tmp_path / "somaxconn")
    assert backlog.backlog_limit() == 16


def test_limit_of_another_system_is_its_constant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "LIMIT", tmp_path / "missing")
    assert backlog.backlog_limit() == socket.SOMAXCONN
