"""Each earlier run is compared with the run of the page that users expect, or refused in one line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.made_up import run
from tests.report.page.samples import document, earlier_results, earlier_verdicts, passing, results, saved, verdicts
from upecho.conformance.run.verdicts.document import Document
from upecho.measure.results import Results
from upecho.report.page.inputs import bases
from upecho.report.page.inputs import files as inputs

pytestmark = pytest.mark.once

Contents = dict[str, Results | Document]
OTHER = run({"x": [1.0]}, families=("inet",))


def pairs(tmp_path: Path, new: Contents, base: Contents) -> list[tuple[str, str]]:
    """Return the names of the files that are compared, the earlier one first."""
    (tmp_path / "earlier").mkdir()
    found = inputs.read([Path(path) for path in saved(tmp_path, **new)])
    read = bases.read([Path(path) for path in saved(tmp_path / "earlier", **base)], found)
    return [
        *((one.base_name, one.new_name) for one in read.results),
        *((one.base_name, one.new_name) for one in read.verdicts),
    ]


@pytest.mark.parametrize(
    ("new", "base", "expected"),
    [
        ({"new": results()}, {"old": earlier_results()}, [("old.json", "new.json")]),
        ({"new": results()}, {"new": earlier_results()}, [("new.json", "new.json")]),
        ({"new": results(), "v": verdicts()}, {"old": earlier_verdicts()}, [("old.json", "v.json")]),
        (
            {"a": results(), "v": verdicts()},
            {"w": earlier_verdicts(), "b": earlier_results()},
            [("b.json", "a.json"), ("w.json", "v.json")],
        ),
        ({"a": results(), "b": OTHER}, {"a": earlier_results()}, [("a.json", "a.json")]),
        (
            {"a": results()},
            {"b": earlier_results(), "c": results(complete=False)},
            [("b.json", "a.json"), ("c.json", "a.json")],
        ),
        ({"a": results()}, {}, []),
    ],
    ids=["only one", "same name", "its kind", "both kinds", "name decides", "several earlier ones", "none"],
)
def test_counterpart_is_the_only_one_of_the_kind_or_that_of_the_same_name(
    new: Contents, base: Contents, expected: list[tuple[str, str]], tmp_path: Path
) -> None:
    assert pairs(tmp_path, new, base) == expected


@pytest.mark.parametrize(
    ("new", "base", "line"),
    [
        (
            {"a": results(), "b": OTHER},
            {"old": earlier_results()},
            "--base old.json: it can be compared with each of a.json, b.json; give it the name of one of them, or make "
            "a page of only one file of results",
        ),
        (
            {"a": verdicts(), "b": document(passing("x"))},
            {"old": earlier_verdicts()},
            "--base old.json: it can be compared with each of a.json, b.json; give it the name of one of them, or make "
            "a page of only one file of verdicts",
        ),
        (
            {"a": results()},
            {"old": verdicts()},
            "--base old.json: it contains verdicts, but no file of the page does; add a file of verdicts, or leave out "
            "this --base",
        ),
        (
            {"a": verdicts()},
            {"a": results()},
            "--base a.json: it contains results, but no file of the page does; add a file of results, or leave out "
            "this --base",
        ),
        (
            {"a": results()},
            {"old": results()},
            "--base old.json and a.json: both contain the same run; give an earlier run with --base",
        ),
    ],
    ids=["several results", "several verdicts", "no verdicts", "no results", "same run"],
)
def test_earlier_run_without_one_counterpart_is_refused(
    new: Contents, base: Contents, line: str, *, tmp_path: Path, refusal: Callable[..., str]
) -> None:
    (tmp_path / "earlier").mkdir()
    options = [word for path in saved(tmp_path / "earlier", **base) for word in ("--base", path)]
    page = tmp_path / "page.html"
    assert refusal("report", *saved(tmp_path, **new), *options, "--output", str(page)) == line
    assert not page.exists()


def test_two_earlier_files_of_one_name_are_refused(tmp_path: Path, refusal: Callable[..., str]) -> None:
    (new,) = saved(tmp_path, new=results())
    (old,) = saved(tmp_path, old=earlier_results())
    assert refusal("report", new, "--base", old, "--base", old, "--output", str(tmp_path / "page.html")) == (
        "two files old.json: the page names its sources by file name; leave one of them out, or rename it"
    )
