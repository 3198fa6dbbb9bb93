"""Every check is proved: each broken server is caught by the checks that must catch it, and by no other."""

from pathlib import Path

import pytest

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
def test_it_is_caught(kill: Kill, monkeypatch: pytest.MonkeyPatch) -> None:
    # Who answers nobody lets nearly every check wait in vain; the others get time to be right on a busy machine too.
    monkeypatch.setenv("UPECHO_DEADLINE_SCALE", "0.2" if "echo-hello" in kill.caught_by else "0.5")
    target = Target.parse(kill.target)
    outcomes = list(Runner([(target, kill.family)], CAN_FAIL, jobs=2).outcomes())
    assert [one for one in outcomes if one.verdict is Verdict.ERROR] == []
    caught_by = {one.check: one.explanation for one in outcomes if one.verdict is Verdict.FAILED}
    due = {check.id for check in catalogue() if is_due(check, target, kill.family)}
    missed = (kill.caught_by & due) - caught_by.keys() - kill.by_chance
    surplus = caught_by.keys() - kill.caught_by - kill.by_chance
    assert not missed, f"not caught by {sorted(missed)}"
    assert not surplus, "\n".join(f"also caught by {check}:\n{caught_by[check]}" for check in sorted(surplus))


def test_each_check_that_can_fail_catches_one() -> None:
    catching = frozenset[str]().union(*(kill.caught_by - kill.by_chance for kill in KILLS))
    assert {check.id for check in catalogue() if check.level is not Level.INFO} - catching == set()


def test_each_id_is_a_check() -> None:
    named = frozenset[str]().union(*(kill.caught_by | kill.by_chance for kill in KILLS))
    assert named - {check.id for check in catalogue()} == set()


def test_the_page_is_what_its_generator_prints() -> None:
    assert Path("docs/checks.md").read_text() == page(), "python -m tests.broken.page > docs/checks.md"
