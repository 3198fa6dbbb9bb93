"""The inventory: something missing or broken does not hide the rest."""

import importlib.metadata
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from upecho.conformance.catalogue import catalogue
from upecho.conformance.run.selection import is_due
from upecho.net.address import Family
from upecho.serving import inventory, limits, loops, registry
from upecho.serving.target import Target
from upecho.support.errors import Unavailable


def test_every_implementation_is_listed() -> None:
    entries = inventory.implementations()
    assert [entry.name for entry in entries] == [row.name for row in registry.registrations()]
    too_new = {row.name for row in registry.BUILT_IN if limits.python(row.since)}
    assert {entry.name for entry in entries if entry.unavailable} == inventory.not_installed() | too_new
    assert [entry.name for entry in entries if entry.naive] == ["textbook"]


def test_missing_framework_is_unavailable_and_not_foreign_code(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("trio", "upecho.frameworks.trio", "upecho.frameworks.anyio_trio"):
        monkeypatch.setitem(sys.modules, name, None if name == "trio" else sys)
        if name != "trio":
            monkeypatch.delitem(sys.modules, name)
    (reason,) = [entry.unavailable for entry in inventory.implementations() if entry.name == "trio"]
    command = "run pip install trio, or pip install 'upecho[frameworks]'"
    assert reason == f"the package 'trio' is not installed; {command}"
    assert {"trio", "anyio-trio"} <= inventory.not_installed()
    assert "trio" not in inventory.foreign()


def test_missing_loop_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    reasons = {entry.name: entry.unavailable for entry in inventory.loops()}
    assert list(reasons) == [row.name for row in loops.BUILT_IN]
    assert (reasons["asyncio"], reasons["uvloop"]) == (None, "not installed; run pip install uvloop")


def test_missing_family_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    def require(family: Family) -> None:
        if family is Family.INET6:
            raise Unavailable("cannot bind ::1", subject="family inet6")

    monkeypatch.setattr(Family, "require", require)
    reasons = {entry.name: entry.unavailable for entry in inventory.families()}
    assert reasons == {"inet": None, "inet6": "cannot bind ::1", "unix": None, "abstract": None}


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import no_such_package", "the package 'no_such_package' is not installed; run pip install no_such_package"),
        ("1 / 0", "import failed: ZeroDivisionError: division by zero ({}/theirs.py:1)"),
        ("raise SystemExit(3)", "import failed: SystemExit: 3 ({}/theirs.py:1)"),
        ("raise GeneratorExit(3)", "import failed: GeneratorExit: 3 ({}/theirs.py:1)"),
        ("", "module theirs has no 'serve', which added refers to"),
    ],
)
def test_broken_package_is_unavailable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, reason: str) -> None:
    (tmp_path / "theirs.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "theirs", raising=False)
    points = [EntryPoint("added", "theirs:serve", registry.ENTRY_POINTS)]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: points)
    assert inventory.implementations()[-1] == inventory.ImplementationEntry("added", "", reason.format(tmp_path))


def test_own_bug_propagates(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(inventory, "load_implementation", load)
    with pytest.raises(ImportError):
        inventory.implementations()


def test_guide_has_the_right_number_of_checks() -> None:
    target = Target.parse("selectors")
    inet, unix = (sum(is_due(check, target, family) for check in catalogue()) for family in (Family.INET, Family.UNIX))
    guide = Path("docs/guides/check-your-server.md").read_text()
    assert f"for an implementation, {inet} over inet and {unix} over unix" in guide
