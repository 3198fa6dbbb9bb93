"""The gate before a comparison: who does not serve rightly does not get through."""

import pytest

from tests.broken.kills import KILLS, Kill
from upecho.conformance.check import Level
from upecho.conformance.run.gate import demanded, failing
from upecho.net.address import Family

# Wrong about addresses or stops, which is no part of what is measured; or only as a SHOULD check finds it.
LET_THROUGH = (
    "addresses:",
    "start_stop:",
    "clients:starves",
    "clients:short_backlog",
    "clients:nagle",
    "resources:leaks_m",
)


def test_only_what_must_hold_is_demanded() -> None:
    assert {check.level for check in demanded()} == {Level.MUST}
    topics = {check.topic for check in demanded()}
    assert topics == {"bytes", "ends", "flow", "many clients", "resources", "stderr"}


@pytest.mark.parametrize("kill", [kill for kill in KILLS if not str(kill).startswith(LET_THROUGH)], ids=str)
def test_it_stops_every_broken_server(kill: Kill) -> None:
    assert kill.caught_by & {check.id for check in demanded()}


def test_a_broken_server_fails_and_a_right_one_does_not() -> None:
    broken = "tests.broken.wrong_bytes:lower_case"
    seen: list[str] = []
    failed = failing([broken, "selectors"], [Family.UNIX], seen.append)
    assert list(failed) == [(broken, Family.UNIX)]
    assert {"echo-hello", "full-duplex"} <= set(failed[broken, Family.UNIX]) < {check.id for check in demanded()}
    assert len(seen) == 2 * len([check for check in demanded() if Family.UNIX in check.families and not check.limited])
