"""The table of event loops: what it says, and what keeps a loop from being used here."""

import importlib.metadata
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from upecho.net.address import Family
from upecho.serving import inventory, limits, loops
from upecho.serving.loading.implementation import load_implementation
from upecho.serving.loading.loops import expect_available, load_loop, loop_families
from upecho.serving.loops import Loop
from upecho.support.errors import CallerError, Unavailable, Unusable


@pytest.fixture
def entry_points(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that adds a loop, and one that tries to replace a loop of the table."""
    points = [EntryPoint(name, "theirs:new_event_loop [extra]", loops.ENTRY_POINTS) for name in ("added", "uvloop")]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: points if "loops" in group else [])


@pytest.fixture
def theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The source of a module ``theirs``, which is importable and has not been imported."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "theirs", raising=False)
    source = tmp_path / "theirs.py"
    source.write_text("from asyncio import new_event_loop")
    return source


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> None:
    """No loop of the table is installed, except that of the standard library."""
    for package in (package for row in loops.BUILT_IN for package in row.packages):
        monkeypatch.setitem(sys.modules, package, None)


def test_rows_name_a_factory_and_what_to_install() -> None:
    assert len(loops.BUILT_IN_NAMES) == len(loops.BUILT_IN)
    assert all(row.location.count(":") == 1 for row in loops.BUILT_IN)
    assert [row.name for row in loops.BUILT_IN if not row.packages] == [loops.ASYNCIO]
    assert {loops.ALL} & loops.BUILT_IN_NAMES == set()


def test_loops_without_unix_sockets_support_the_tcp_families() -> None:
    without = {row.name: row.families for row in loops.BUILT_IN if row.families != frozenset(Family)}
    assert without == dict.fromkeys(["rloop", "veloxloop"], frozenset({Family.INET, Family.INET6}))


def test_module_overrides_the_families_of_its_row(theirs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = (Loop("added", "theirs:new_event_loop", families=loops.TCP),)
    monkeypatch.setattr(loops, "BUILT_IN", rows)
    monkeypatch.setattr(loops, "BUILT_IN_NAMES", frozenset({"added"}))
    load_loop("added")
    assert loop_families("added") == loops.TCP
    monkeypatch.setattr(sys.modules["theirs"], "FAMILIES", ("unix",), raising=False)
    assert loop_families("added") == {Family.UNIX}


@pytest.mark.parametrize("location", ["rloop:new_event_loop", "rloop.loop:RLoop"])
def test_location_of_a_known_package_has_the_families_of_its_row(location: str) -> None:
    found = loops.find(location)
    assert found is not None
    assert (found.name, found.location, found.families) == (location, location, loops.TCP)


def test_location_of_an_unknown_package_supports_every_family() -> None:
    assert loops.find("theirs:new_event_loop") == Loop("theirs:new_event_loop", "theirs:new_event_loop")


@pytest.mark.usefixtures("entry_points")
def test_entry_point_adds_a_loop_and_replaces_none(theirs: Path) -> None:
    assert loops.registered() == (*loops.BUILT_IN, Loop("added", "theirs:new_event_loop"))
    assert load_implementation("asyncio+added").families == frozenset(Family)
    assert inventory.loops()[-1] == inventory.Entry("added", "theirs:new_event_loop")


@pytest.mark.usefixtures("entry_points")
def test_name_from_an_entry_point_is_suggested() -> None:
    with pytest.raises(CallerError, match="unknown loop 'aded'; did you mean added"):
        load_loop("aded")


@pytest.mark.parametrize("code", ["", "import no_such_package"])
@pytest.mark.usefixtures("entry_points")
def test_name_that_leads_nowhere_is_the_failure_of_its_package(theirs: Path, code: str) -> None:
    theirs.write_text(code)
    with pytest.raises(Unusable):
        load_loop("added")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (Loop("x", "x:y", ("xloop",)), "not installed; run pip install xloop"),
        (Loop("x", "x:y", ("xloop", "yloop")), "not installed; run pip install xloop yloop"),
        (Loop("x", "x:y", ("click", "xloop")), "not installed; run pip install xloop"),
        (Loop("x", "x:y", ("xloop",), since=(3, 99)), "it has wheels only for CPython 3.99 or newer"),
        (Loop("x", "x:y", ("xloop",), until=(3, 10)), "it has wheels only for CPython 3.11 to 3.10"),
        (Loop("x", "x:y", ("xloop",), since=(3, 9), until=(3, 9)), "it has wheels only for CPython 3.9"),
        (Loop("x", "x:y", ("xloop",), glibc=(2, 99)), "its wheels need glibc 2.99, but this system has 2.36"),
        (Loop("x", "x:y", ("xloop",), needs=(lambda: "", lambda: "it needs luck")), "it needs luck"),
        (Loop("x", "x:y", ("click",), needs=(lambda: "it needs luck",)), "it needs luck"),
    ],
)
def test_what_this_system_lacks_makes_a_loop_unavailable(
    row: Loop, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "glibc_version", lambda: (2, 36))
    with pytest.raises(Unavailable) as caught:
        expect_available(row)
    assert (caught.value.subject, caught.value.detail) == ("x", reason)


def test_installed_package_is_tried_although_it_has_no_wheel_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "glibc_version", lambda: (2, 36))
    expect_available(Loop("x", "x:y", ("click",), since=(3, 99), glibc=(2, 99)))


def test_all_stands_for_the_installed_loops(only: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zloop", importlib.import_module("click"))
    targets, limited = inventory.expanded(["selectors", "asyncio+all", "mine:serve+all", "cmd:x {address} +all"])
    assert targets == [
        "selectors",
        *("asyncio+asyncio", "asyncio+zloop", "mine:serve+asyncio", "mine:serve+zloop"),
        "cmd:x {address} +all",
    ]
    assert limited == {}


def test_all_leaves_out_a_loop_whose_needs_this_system_lacks(only: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("talyn", "zloop"):
        monkeypatch.setitem(sys.modules, package, importlib.import_module("click"))
    lacking = "it needs io_uring"
    rows = tuple(row._replace(needs=(lambda: lacking,)) if row.needs else row for row in loops.BUILT_IN)
    monkeypatch.setattr(loops, "BUILT_IN", rows)
    targets, limited = inventory.expanded(["asyncio+all"])
    assert targets == ["asyncio+asyncio", "asyncio+zloop"]
    assert limited == {"asyncio+talyn": lacking}


def test_all_is_refused_where_one_server_is_meant() -> None:
    with pytest.raises(
        CallerError, match=r"^\+all stands for several event loops; only targets of check and bench may have it$"
    ):
        load_implementation("asyncio+all")
