"""The packages of a target are those of its server and of its event loop, and nothing of them is imported."""

import importlib.metadata
import sys
from pathlib import Path

import pytest

from upecho.serving.versions import versions

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("targets", "packages"),
    [
        (["selectors", "asyncio", "asyncio+asyncio", "native"], []),
        (["asyncio+rloop:new_event_loop"], ["rloop"]),
        (["asyncio+aiofastnet-uvloop"], ["aiofastnet", "uvloop"]),
        (["trio", "anyio-trio", "gevent", "tornado+uvloop"], ["anyio", "gevent", "tornado", "trio", "uvloop"]),
        (["no-such-server", "asyncio+no-such-loop", "not_a_package:serve", "json:loads"], []),
    ],
)
def test_packages_of_servers_and_loops(
    targets: list[str], packages: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda package: f"version of {package}")
    assert versions(targets) == {package: f"version of {package}" for package in packages}


def test_package_that_is_not_installed_has_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(package: str) -> str:
        raise importlib.metadata.PackageNotFoundError(package)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    assert versions(["asyncio+uvloop", "trio"]) == {}


def test_package_of_a_module_is_found_without_importing_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "their_loops.py").write_text("raise SystemExit('imported')")
    about = tmp_path / "Their_Package-1.5.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: Their-Package\nVersion: 1.5\n")
    (about / "top_level.txt").write_text("their_loops\n")
    (about / "entry_points.txt").write_text(
        "[upecho.loops]\ntheirs = their_loops:new\n[upecho.servers]\nx = their_loops:x\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    for target in ("asyncio+their_loops:new", "asyncio+theirs", "x", "their_loops:serve"):
        assert versions([target]) == {"Their-Package": "1.5"}
    assert "their_loops" not in sys.modules
