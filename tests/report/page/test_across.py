"""Servers across Pythons: a line for each implementation, with free-threaded builds beside the others."""

import dataclasses

import pytest

from tests.report.page.samples import of_many_servers, on_pythons, page_of, results
from upecho.measure.plan.cells import Cell
from upecho.report.page.building import identities
from upecho.report.page.building.across import across, in_numeric_order
from upecho.report.page.charts.rows import rows
from upecho.report.page.model.page import Section

pytestmark = pytest.mark.once


def section() -> Section:
    return page_of(on_pythons()).sections[0]


def test_each_implementation_has_its_costs_on_each_python() -> None:
    (found,) = across(section())
    assert found.pythons == ("CPython 3", "CPython 3.13.0", "CPython 3.14.0", "CPython 3.14.0 free-threaded")
    costs = {target: [one.cost.ratio if one else None for one in line] for target, line in found.servers.items()}
    assert costs["native"] == [1, None, None, None]
    first, *others = costs["asyncio"]
    assert first is None
    assert [round(one / others[1], 2) for one in others if one and others[1]] == [1.33, 1, 1.1]


def test_scenario_with_one_python_is_left_out() -> None:
    assert across(page_of(results()).sections[0]) == []


def test_cold_servers_are_no_part_of_a_line() -> None:
    def cold(one: Cell) -> Cell:
        return dataclasses.replace(one, cold=one.python == "3.13.0")

    made = on_pythons()
    trials = tuple(dataclasses.replace(one, cell=cold(one.cell)) for one in made.trials)
    requested = tuple(dataclasses.replace(one, cell=cold(one.cell)) for one in made.requested)
    page = page_of(dataclasses.replace(made, trials=trials, requested=requested))
    (found,) = across(page.sections[0])
    assert "CPython 3.13.0" not in found.pythons
    assert {row["version"] for row in rows(page)["servers"] if not row["cold"]} == {"3", "3.14.0"}


def test_free_threaded_build_has_the_place_of_its_version_in_charts() -> None:
    found = {(row["version"], row["build"]) for row in rows(page_of(on_pythons()))["servers"]}
    assert found >= {("3.14.0", "with the GIL"), ("3.14.0", "free-threaded"), ("3.13.0", "with the GIL")}


def test_pythons_are_in_the_order_of_their_numbers() -> None:
    assert sorted(["3.10.1", "3.9.0", "3.14.0 free-threaded", "3.14.0"], key=in_numeric_order) == [
        "3.9.0",
        "3.10.1",
        "3.14.0",
        "3.14.0 free-threaded",
    ]


def test_older_python_is_at_the_left_of_a_newer_one() -> None:
    made = on_pythons()
    page = page_of(dataclasses.replace(made, pythons={**made.pythons, "3.13.0": "CPython 3.9.0"}))
    (found,) = across(page.sections[0])
    assert found.pythons[1:] == ("CPython 3.9.0 (3.13.0)", "CPython 3.14.0", "CPython 3.14.0 free-threaded")


def test_every_server_has_its_line() -> None:
    (found,) = across(of_many_servers().sections[0])
    assert len(found.servers) == 25
    assert all(all(line) for line in found.servers.values())


def test_interpreters_of_one_version_are_told_apart_by_their_names() -> None:
    made = on_pythons()
    page = page_of(dataclasses.replace(made, pythons=dict.fromkeys(made.pythons, "CPython 3.13.0")))
    (found, *_) = across(page.sections[0])
    assert found.pythons[1:] == ("CPython 3.13.0", "CPython 3.13.0 (3.14.0 free-threaded)", "CPython 3.13.0 (3.14.0)")


def test_name_of_a_free_threaded_build_does_not_hide_what_it_is() -> None:
    named = "CPython 3.14.0 free-threaded (new)"
    assert identities.is_free_threaded(named)
    assert identities.without_build(named) == "3.14.0 (new)"
    assert not identities.is_free_threaded("CPython 3.14.0 (free-threaded)")
    assert not identities.is_free_threaded("CPython 3.14.0 free-threaded with GIL")
    assert identities.without_build("CPython 3.14.0 (old)") == "3.14.0 (old)"
