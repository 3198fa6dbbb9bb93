"""The kill matrix: each broken server fails exactly the checks that must catch it.

These tests prove that every check finds the defect it is for, and that no check accuses a server of anything else.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import broken
from tests.broken.kills import KILLS, Kill
from tests.broken.page import page
from upecho.conformance.catalogue import catalogue
from upecho.conformance.check import Level
from upecho.conformance.run.outcome import Verdict
from upecho.conformance.run.runner import Runner
from upecho.conformance.run.selection import is_due
from upecho.serving.target import Target

pytestmark = pytest.mark.once

CAN_FAIL = [check for check in catalogue() if check.level is not Level.INFO]


@pytest.mark.parametrize("kill", KILLS, ids=str)
def test_broken_server_fails_exactly_the_listed_checks(kill: Kill, monkeypatch: pytest.MonkeyPatch) -> None:
    # Nearly every check of a server that never replies runs into its deadline. The other servers get more time, so that
    # their correct parts are in time on a busy machine.
    monkeypatch.setenv("UPECHO_DEADLINE_SCALE", "0.2" if "echo-hello" in kill.caught_by else "0.5")
    target = Target.parse(kill.target)
    outcomes = list(Runner([(target, kill.family)], CAN_FAIL, jobs=2).outcomes())
    assert [one for one in outcomes if one.verdict is Verdict.ERROR] == []
    failed = {one.check: one.explanation for one in outcomes if one.verdict is Verdict.FAILED}
    due = {check.id for check in catalogue() if is_due(check, target, kill.family)}
    missed = (kill.caught_by & due) - failed.keys() - kill.sometimes
    unexpected = failed.keys() - kill.caught_by - kill.sometimes
    assert not missed, f"passed {sorted(missed)}"
    assert not unexpected, "\n".join(f"also failed {check}:\n{failed[check]}" for check in sorted(unexpected))


def test_every_check_that_can_fail_catches_a_server() -> None:
    catching = frozenset[str]().union(*(kill.caught_by - kill.sometimes for kill in KILLS))
    assert {check.id for check in CAN_FAIL} - catching == set()


def test_kill_matrix_names_only_existing_checks() -> None:
    named = frozenset[str]().union(*(kill.caught_by | kill.sometimes for kill in KILLS))
    assert named - {check.id for check in catalogue()} == set()


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
