"""The gate before a comparison: a server that does not serve correctly is not measured."""

import time

import pytest

from tests.broken.kills import KILLS, Kill
from upecho.conformance.catalogue import catalogue
from upecho.conformance.check import Level
from upecho.conformance.run.gate import QUICK_SECONDS, demanded, failing
from upecho.conformance.run.verdicts.outcome import Outcome
from upecho.net.address import Family
from upecho.serving.target import Target
from upecho.support import timeouts

# Wrong about addresses or about stopping, which is not measured; or caught only by a SHOULD check.
LET_THROUGH = (
    "addresses:",
    "start_stop:",
    "clients:starves",
    "clients:accepts_only",
    "clients:short_backlog",
    "clients:nagle",
    "resources:leaks_m",
    "resources:leaks_little_m",
    "stderr:logs_each_connection",
)


NOT_MEASURED = ("listening", "socket paths", "start and stop")  # topics


def test_only_must_checks_are_demanded() -> None:
    assert {check.level for check in demanded()} == {Level.MUST}


def test_quick_gate_leaves_out_what_takes_long() -> None:
    quick, every = demanded(quickly=True), demanded()
    assert [check for check in every if check.seconds <= QUICK_SECONDS] == quick
    assert len(every) > len(quick) > len(every) / 2
    assert sum(check.seconds for check in quick) < sum(check.seconds for check in every) / 3


def test_checks_of_addresses_and_of_start_and_stop_are_not_demanded() -> None:
    must = [check for check in catalogue() if check.level is Level.MUST]
    assert demanded() == [check for check in must if check.topic not in NOT_MEASURED]
    assert len(demanded()) < len(must)


@pytest.mark.parametrize("kill", [kill for kill in KILLS if not str(kill).startswith(LET_THROUGH)], ids=str)
def test_each_server_that_serves_wrongly_fails_a_demanded_check(kill: Kill) -> None:
    assert kill.caught_by & {check.id for check in demanded()}


@pytest.mark.unmeasured
def test_failed_checks_are_returned_for_a_broken_server_only() -> None:
    broken = "tests.broken.wrong_bytes:lower_case"
    steps: list[str] = []
    outcomes: list[Outcome] = []
    targets = [Target.parse(broken), Target.parse("selectors")]
    failed = failing(targets, [Family.UNIX], steps.append, on_failure=outcomes.append, checks=demanded())
    assert [one.check for one in outcomes] == failed[broken, Family.UNIX]
    assert list(failed) == [(broken, Family.UNIX)]
    assert set(failed[broken, Family.UNIX]) < {check.id for check in demanded()}
    due = [one.id for one in demanded() if Family.UNIX in one.families and not one.limited]
    assert {f"selectors over unix: {check}" for check in due} < set(steps)


def test_first_failed_check_ends_the_checks_of_a_server_that_answers_nobody() -> None:
    silent = "tests.broken.wrong_timing:silent"
    steps: list[str] = []
    started = time.monotonic()
    families = [Family.INET, Family.UNIX]
    failed = failing([Target.parse(silent)], families, steps.append, on_failure=lambda _: None, checks=demanded())
    assert time.monotonic() - started < timeouts.scaled(20)
    assert set(failed) == {(silent, Family.INET), (silent, Family.UNIX)}
    assert len(steps) < len(demanded()), "one check of each family would do; some run at the same time"
