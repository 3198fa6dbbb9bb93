"""The conformance matrix of a page: marks, the reasons behind them, and where each loop diverges."""

import dataclasses

import pytest

from tests.report.page.samples import EXPLANATION, document, failing, outcome, passing, verdicts
from upecho.conformance.run.verdicts.outcome import Verdict
from upecho.net.address import Family
from upecho.report.page.building.conformance import conformance
from upecho.report.page.model.conformance import Conformance, Divergence

pytestmark = pytest.mark.once


def found(*documents: object) -> Conformance:
    made = conformance([verdicts()] if not documents else list(documents))  # type: ignore[arg-type]
    assert made
    return made


def marks(made: Conformance, check: str, target: str) -> str:
    row = [one.id for one in made.checks].index(check)
    column = [one.subjects[0].target for one in made.columns].index(target)
    return "".join(cell.mark for cell in made.cells[row][column])


def about(made: Conformance, name: str) -> Divergence:
    return next(one for one in made.divergences if one.name == name)


def test_no_verdicts_are_no_matrix() -> None:
    assert conformance([]) is None


def test_checks_without_any_verdict_are_rows_without_cells() -> None:
    found = conformance([document([], unusable={"x": "no module x"})])
    assert found
    assert len(found.cells) == len(found.checks) > 1
    assert (set(found.cells), found.columns) == ({()}, ())


def test_cell_has_a_mark_for_each_family() -> None:
    made = found()
    assert made.families == (Family.INET, Family.UNIX)
    assert marks(made, "half-close", "asyncio") == ".."
    assert marks(made, "half-close", "asyncio+rloop") == "FF"
    assert marks(made, "connect-burst", "asyncio+rloop") == "--"
    assert marks(made, "memory-per-connection", "asyncio+rloop") == "uu"
    assert marks(made, "half-close", "trio") == "."


def test_check_that_was_not_run_is_no_known_failure() -> None:
    lost = outcome("half-close", "x", verdict=Verdict.NOT_RUN, cause="time", follows_from=("echo-hello",), known="bug")
    assert marks(found(document([lost])), "half-close", "x") == "-"


def test_marks_that_occur_are_explained() -> None:
    assert dict(found().marks) == {".": "passed", "F": "failed", "-": "not run", "u": "unsupported"}


def test_failed_cell_leads_to_what_was_expected_and_seen() -> None:
    made = found()
    row = [one.id for one in made.checks].index("half-close")
    inet, unix = made.cells[row][1]
    assert inet.detail is not None
    assert inet.detail == unix.detail
    detail = made.details[inet.detail]
    assert detail.explanation == EXPLANATION
    assert (detail.target, detail.checks, detail.families) == ("asyncio+rloop", ("half-close",), ("inet", "unix"))


@pytest.mark.parametrize(
    ("seen", "is_shared"), [("still open after 3 s", True), ("RST", False)], ids=["another number", "another cause"]
)
def test_failures_share_a_reason_if_they_differ_in_numbers_only(seen: str, is_shared: bool) -> None:
    first = dataclasses.replace(EXPLANATION, seen="still open after 2 s")
    second = dataclasses.replace(EXPLANATION, seen=seen)
    made = found(
        document([outcome("half-close", "x", verdict=Verdict.FAILED, explanation=first)]),
        document([outcome("half-close", "x", verdict=Verdict.FAILED, explanation=second)], python="CPython 3.13.0"),
    )
    assert len(made.details) == (1 if is_shared else 2)
    assert made.details[0].explanation == first
    assert len(made.details[0].pythons) == (2 if is_shared else 1)
    assert len(made.columns) == (1 if is_shared else 2)


def test_checks_that_were_not_run_for_one_reason_share_it() -> None:
    made = found()
    (detail,) = [one for one in made.details if one.reason == "time"]
    assert detail.families == (Family.INET, Family.UNIX)
    assert detail.explanation is None


def test_failed_must_checks_are_counted_once_over_all_families() -> None:
    assert {one.subjects[0].target: one.failed for one in found().columns} == {
        "asyncio": 0,
        "asyncio+rloop": 1,
        "trio": 0,
    }


def test_pythons_with_the_same_verdicts_share_a_column() -> None:
    made = found(document(passing("trio")), document(passing("trio", kib=9.0), python="CPython 3.13.0"))
    (column,) = made.columns
    assert [one.python for one in column.subjects] == ["CPython 3.14.0", "CPython 3.13.0"]
    assert [one.value for one in made.records[0].values] == [8.25, 9.0]


def test_pythons_with_different_verdicts_have_columns_of_their_own() -> None:
    made = found(document(passing("asyncio")), document(failing("asyncio"), python="CPython 3.13.0"))
    assert [(one.subjects[0].target, one.subjects[0].python, one.failed) for one in made.columns] == [
        ("asyncio", "CPython 3.14.0", 0),
        ("asyncio", "CPython 3.13.0", 1),
    ]


def test_loop_diverges_where_a_server_on_it_failed() -> None:
    one = about(found(), "rloop")
    assert (one.kind, one.servers) == ("event loop", ("asyncio+rloop",))
    assert one.failures == (("half-close", "asyncio+rloop over inet, unix"),)  # what follows from it is not one


def test_check_that_was_not_run_is_counted_apart_unless_it_follows_from_a_failed_one() -> None:
    lost = outcome("half-close", "trio", verdict=Verdict.NOT_RUN, cause="a server that starts: exit status 1")
    one = about(found(document([lost])), "trio")
    assert (one.failures, one.not_run, one.is_clean) == ((), 1, False)
    assert one.title == "trio (framework): 0 checks failed, 1 not run"
    followed = dataclasses.replace(lost, follows_from=("echo-hello",))
    assert about(found(document([followed])), "trio").is_clean


def test_info_check_cannot_make_a_loop_diverge() -> None:
    lost = outcome("memory-per-connection", "trio", verdict=Verdict.NOT_RUN, cause="x")
    assert about(found(document([lost])), "trio").failures == ()


def test_targets_on_a_loop_that_cannot_be_loaded_are_named() -> None:
    assert about(found(), "x").unusable == ("twisted+x: no module x",)


def test_loops_without_a_failure_come_last() -> None:
    assert [one.name for one in found().divergences] == ["rloop", "x", "asyncio", "trio"]


def test_recorded_values_are_kept_by_target_and_family() -> None:
    (record,) = found().records
    assert (record.check, record.unit) == ("memory-per-connection", "KiB")
    assert [(one.subject.target, one.family, one.value) for one in record.values] == [
        ("asyncio", "inet", 8.25),
        ("asyncio", "unix", 8.25),
        ("trio", "inet", 8.25),
    ]
