"""The gate before a comparison: a server that does not serve correctly is not measured."""

import pytest

from tests.broken.kills import KILLS, Kill
from upecho.conformance.catalogue import catalogue
from upecho.conformance.check import Level
from upecho.conformance.run.gate import demanded, failing
from upecho.net.address import Family
from upecho.serving.target import Target

# Wrong about addresses or about stopping, which is not measured; or caught only by a SHOULD check.
LET_THROUGH = (
    "addresses:",
    "start_stop:",
    "clients:starves",
    "clients:short_backlog",
    "clients:nagle",
    "resources:leaks_m",
)


def test_only_must_checks_are_demanded() -> None:
    assert {check.level for check in demanded()} == {Level.MUST}


def test_checks_of_start_and_stop_are_not_demanded() -> None:
    must = [check for check in catalogue() if check.level is Level.MUST]
    assert demanded() == [check for check in must if check.topic not in ("socket paths", "start and stop")]
    assert len(demanded()) < len(must)


@pytest.mark.parametrize("kill", [kill for kill in KILLS if not str(kill).startswith(LET_THROUGH)], ids=str)
def test_each_server_that_serves_wrongly_fails_a_demanded_check(kill: Kill) -> None:
    assert kill.caught_by & {check.id for check in demanded()}


def test_failed_checks_are_returned_for_a_broken_server_only() -> None:
    broken = "tests.broken.wrong_bytes:lower_case"
    steps: list[str] = []
    failed = failing([Target.parse(broken), Target.parse("selectors")], [Family.UNIX], steps.append)
    assert list(failed) == [(broken, Family.UNIX)]
    assert {"echo-hello", "full-duplex"} <= set(failed[broken, Family.UNIX]) < {check.id for check in demanded()}
    assert len(steps) == 2 * len([one for one in demanded() if Family.UNIX in one.families and not one.limited])
