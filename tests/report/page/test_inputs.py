"""Files that cannot become a page: each is refused with one line that names it and says why."""

import dataclasses
import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.made_up import MACHINE, run
from tests.report.page.samples import document, passing, results, saved, verdicts
from upecho.measure import results as measured
from upecho.report.page.inputs import files as inputs

pytestmark = pytest.mark.once

Refused = Callable[..., str]


@pytest.fixture
def refused(refusal: Callable[..., str], tmp_path: Path) -> Refused:
    """Save files, expect that no page is made of them, and return the error without the directory."""

    def refused(**contents: object) -> str:
        page = tmp_path / "page.html"
        line = refusal("report", *saved(tmp_path, **contents), "--output", str(page))  # type: ignore[arg-type]
        assert not page.exists()
        return line.replace(f"{tmp_path}/", "")

    return refused


def test_results_and_verdicts_are_told_apart(tmp_path: Path) -> None:
    paths = map(Path, saved(tmp_path, first=verdicts(), second=results()))
    found = inputs.read(list(paths))
    assert (list(found.verdicts), list(found.results)) == (["first.json"], ["second.json"])


def test_compressed_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "results.json.gz"
    path.write_bytes(gzip.compress(results().to_json().encode()))
    assert list(inputs.read([path]).results) == ["results.json.gz"]


def test_file_that_does_not_exist_is_refused(refusal: Callable[..., str], tmp_path: Path) -> None:
    line = refusal("report", str(tmp_path / "none"), "--output", str(tmp_path / "page.html"))
    assert line == f"cannot read {tmp_path}/none: No such file or directory"


@pytest.mark.parametrize("content", ["", results().to_json()[:5000], "<html>"], ids=["empty", "truncated", "HTML"])
def test_file_that_is_no_json_is_refused(content: str, refused: Refused) -> None:
    assert refused(a=content).startswith("a.json: not a file of results or verdicts: not JSON, or incomplete (")


@pytest.mark.parametrize("content", ["[]", "{}", '{"schema": "other", "version": 1}'])
def test_foreign_file_is_refused(content: str, refused: Refused) -> None:
    assert refused(a=content) == (
        'a.json: not a file of results or verdicts: "schema" is not "upecho-results" or "upecho-verdicts"; give a file '
        "that upecho bench --save or upecho check --json has written"
    )


@pytest.mark.parametrize("name", ["results", "verdicts"])
def test_file_of_a_newer_upecho_is_refused(name: str, refused: Refused) -> None:
    line = refused(a={"schema": f"upecho-{name}", "version": 99})
    assert line.startswith(f"a.json: {name} file of version 99, but this upecho reads version ")
    assert line.endswith("; update upecho")


def test_file_without_a_part_is_refused(refused: Refused) -> None:
    line = refused(a={"schema": measured.FORMAT.schema, "version": measured.FORMAT.version})
    assert line.startswith("a.json: invalid results file: it has no ")


@pytest.mark.parametrize(
    "other", [{"cpu": "B CPU"}, {"core_count": 4}, {"system": "Linux 7"}], ids=lambda part: next(iter(part))
)
def test_runs_of_different_machines_are_refused(other: dict[str, object], refused: Refused) -> None:
    line = refused(a=results(), b=results(environment=dataclasses.replace(MACHINE, **other)))  # type: ignore[arg-type]
    assert line.startswith(
        "a.json and b.json: one was measured with A CPU, Linux 6, engine on core 0 and servers on 1 "
    )
    assert line.endswith("; figures of different machines are not comparable; make a page for each machine")


def test_runs_of_different_engines_are_refused(refused: Refused) -> None:
    line = refused(a=results(), b=results(engine="python"))
    assert line.startswith("a.json and b.json: one was measured with native, the other with python; ")


def test_run_with_several_engines_is_refused(refused: Refused) -> None:
    mixed = run({"a": [1.0]}).trials + run({"a": [1.0]}, engine="python").trials
    line = refused(a=run({"a": [1.0]}, trials=mixed))
    assert line == (
        "a.json: invalid results file: trials[1] was loaded by the engine python, but the engine of the run is native; "
        "measure again with upecho bench --save"
    )


def test_one_run_under_two_names_is_refused(refused: Refused) -> None:
    assert refused(a=results(), b=results()) == "a.json and b.json: both contain the same run; leave one of them out"


def test_two_verdicts_on_one_target_are_refused(refused: Refused) -> None:
    line = refused(a=document(passing("trio")), b=document(passing("trio", "unix")))
    assert line == "a.json and b.json: both contain verdicts on trio with CPython 3.14.0; leave one of them out"


def test_verdicts_on_one_target_with_two_pythons_belong_on_a_page(tmp_path: Path) -> None:
    paths = saved(tmp_path, a=document(passing("trio")), b=document(passing("trio"), python="CPython 3.13.0"))
    assert len(inputs.read(list(map(Path, paths))).verdicts) == 2


def test_two_files_of_one_name_are_refused(refusal: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    paths = [*saved(tmp_path, a=results()), *saved(tmp_path / "other", a=results())]
    line = refusal("report", *paths, "--output", str(tmp_path / "page.html"))
    assert line == "two files a.json: the page names its sources by file name; leave one of them out, or rename it"


def test_page_that_cannot_be_written_is_refused_before_files_are_read(
    refusal: Callable[..., str], tmp_path: Path
) -> None:
    line = refusal("report", str(tmp_path / "none"), "--output", str(tmp_path / "missing" / "page.html"))
    assert line.startswith(f"cannot write {tmp_path}/missing/page.html: ")
