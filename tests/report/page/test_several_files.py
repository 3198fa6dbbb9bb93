"""A page of several results files: what they say about one scenario stays apart, and names tell the files apart."""

import pytest

from tests.report.page.samples import of_scenarios, on_pythons, over_load, page_of, results
from upecho.measure.results import Results
from upecho.report.page import columns
from upecho.report.page.building.page import page
from upecho.report.page.charts.rows import rows
from upecho.report.page.inputs.files import Inputs
from upecho.report.page.model.page import Page

pytestmark = pytest.mark.once


def page_of_files(*names: str) -> Page:
    return page(Inputs(dict.fromkeys(names, results()), {}))


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (("models.json.gz",), [""]),
        (("models.json.gz", "pythons.json"), ["models", "pythons"]),
        (("a.json.gz", "a.json"), ["a.json.gz", "a.json"]),
        (("v1.2", "v1.2.json.1"), ["v1.2", "v1.2.json.1"]),
    ],
)
def test_runs_have_the_names_of_their_files_as_far_as_needed(names: tuple[str, ...], labels: list[str]) -> None:
    assert [section.run for section in page_of_files(*names).sections] == labels


def test_statements_are_told_apart_by_the_run_that_proves_them() -> None:
    made = page_of_files("a.json", "b.json")
    assert {one.run for one in made.claims} == {"a", "b"}
    subjects = [columns.subject(one) for one in made.claims]
    assert len(set(subjects)) == len(subjects)
    sections = {section.id: section.run for section in made.sections}
    assert all(sections.get(one.target, one.run) == one.run for one in made.claims)


def test_same_scenario_of_two_files_has_two_sections_with_rows_of_their_own() -> None:
    made = page_of_files("a.json", "b.json")
    found = rows(made)["servers"]
    assert len({section.id for section in made.sections}) == 2
    for section in made.sections:
        own = [row for row in found if row["section"] == section.id]
        assert len(own) == sum(len(table.measured) for table in section.tables)


@pytest.mark.parametrize(
    ("run", "name", "place"),
    [(over_load(), "load", "facet"), (of_scenarios({"inet": {64: 10.0, 1024: 12.0}}), "sizes", "name")],
    ids=["load", "sizes"],
)
def test_curves_of_two_files_are_not_one_line(run: Results, name: str, place: str) -> None:
    (alone, both) = (rows(page_of(*runs))[name] for runs in ([run], [run, run]))
    assert len(both) == 2 * len(alone)
    assert len({row[place] for row in both}) == 2 * len({row[place] for row in alone})
    assert not any("run-" in row[place] for row in alone)


def test_filters_select_by_the_same_values_in_all_files() -> None:
    made = page_of(results(), on_pythons())
    found = {
        (row["section"], row["model"], row["loop"], row["framework"])
        for row in rows(made)["servers"]
        if row["target"] == "asyncio"
    }
    assert {one[1:] for one in found} == {("asyncio", "asyncio", "")}
    assert len(found) == 2
