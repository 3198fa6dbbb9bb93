"""The kill matrix: the checks that must catch a broken server catch it, and each check catches a server.

What else a broken server fails is recorded by ``python -m tests.broken.record``. That no check accuses a server of
something that it does not do is proved by correct servers.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import broken
from tests.broken import recorded
from tests.broken.kills import KILLS, UNPROVED, Kill
from tests.broken.page import page
from tests.broken.suite import CAN_FAIL, checks_for, outcomes
from upecho.conformance.catalogue import by_id
from upecho.conformance.run.verdicts.outcome import Verdict

UP_TO_DATE = "run: python -m tests.broken.record"


@pytest.mark.once
@pytest.mark.unmeasured
@pytest.mark.usefixtures("quick_runner")
@pytest.mark.parametrize("kill", KILLS, ids=str)
def test_broken_server_fails_the_checks_that_must_catch_it(kill: Kill) -> None:
    seen = outcomes(kill, checks_for(kill), jobs=1)
    assert [one for one in seen if one.verdict is Verdict.ERROR] == []
    verdicts = {one.check: one.verdict for one in seen}
    assert {check: verdicts.get(check) for check in kill.caught_by} == dict.fromkeys(kill.caught_by, Verdict.FAILED)
    if not kill.caught_by:
        assert [one for one in seen if one.verdict not in (Verdict.PASSED, Verdict.UNSUPPORTED)] == []


def test_every_check_that_can_fail_must_catch_a_server() -> None:
    proved = frozenset[str]().union(*(kill.caught_by for kill in KILLS))
    assert {check.id for check in CAN_FAIL} == proved ^ UNPROVED.keys()


def test_every_row_is_recorded_with_the_checks_that_must_catch_it() -> None:
    rows = recorded.read()
    assert list(rows) == [str(kill) for kill in KILLS], UP_TO_DATE
    assert [str(kill) for kill in KILLS if kill.caught_by - {*rows[str(kill)].always}] == [], UP_TO_DATE


def test_only_existing_checks_are_recorded() -> None:
    named = {check for row in recorded.read().values() for check in row.always + row.sometimes}
    assert named - by_id().keys() == set(), UP_TO_DATE


def test_correct_server_is_recorded_without_failures() -> None:
    rows = recorded.read()
    assert [rows[str(kill)] for kill in KILLS if not kill.caught_by] == [recorded.Failures()]


def _broken_servers() -> Iterator[str]:
    """Yield the name of each public function of the modules ``wrong_…``, except ``main`` of the programs."""
    for module in pkgutil.iter_modules(broken.__path__, "tests.broken."):
        topic = module.name.partition(".wrong_")[2]
        members = vars(importlib.import_module(module.name)) if topic else {}
        for name, member in members.items():
            is_own = inspect.isfunction(member) and member.__module__ == module.name
            if is_own and not name.startswith("_") and name != "main":
                yield f"{topic}:{name}"


def test_every_broken_server_is_in_the_kill_matrix() -> None:
    assert set(_broken_servers()) == {kill.name for kill in KILLS} - {"textbook"}


def test_every_broken_server_states_its_defect_in_one_line() -> None:
    assert [kill.name for kill in KILLS if not kill.defect or "\n" in kill.defect] == []


def test_page_of_checks_is_up_to_date() -> None:
    assert Path("docs/checks.md").read_text() == page(), "run: python -m tests.broken.page > docs/checks.md"
