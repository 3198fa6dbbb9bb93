"""Revisions of the suite: what is frozen stays as it is, and what came later cannot fail a run."""

import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from upecho.conformance import revisions
from upecho.conformance.catalogue import by_id, catalogue
from upecho.conformance.check import Level
from upecho.conformance.run.check_run import CheckRun, Plan
from upecho.conformance.run.known_failures.known import Entry, Known, KnownFailures
from upecho.conformance.run.runner import Runner
from upecho.conformance.run.verdicts.outcome import Verdict
from upecho.net.address import Family
from upecho.serving.target import Target
from upecho.support.errors import CallerError

# Of the levels of each revision that has been released, as JSON with sorted keys: SHA-256.
RELEASED: dict[str, str] = {}
NEVER_CLOSES = "tests.broken.wrong_connection_end:never_closes"  # after a half-close
COMPLAINS = """
import contextlib, select, threading, traceback

def answer(connection):
    with contextlib.suppress(OSError), connection:
        while data := connection.recv(65536):
            if b"{quit}" in data:
                try:
                    raise ValueError(data)
                except ValueError:
                    traceback.print_exc()
            connection.sendall(data.upper())

def serve(listener, stop):
    while stop not in select.select([listener, stop], [], [])[0]:
        threading.Thread(target=answer, args=[listener.accept()[0]], daemon=True).start()
"""


def digest(levels: Mapping[str, Level]) -> str:
    return hashlib.sha256(json.dumps(levels, sort_keys=True).encode()).hexdigest()


@pytest.fixture
def revised(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Return a function that makes a revision and returns its name."""

    def revised(**levels: Level) -> str:
        named = {check.replace("_", "-"): level for check, level in levels.items()}
        monkeypatch.setattr(revisions, "revisions", lambda: {"2001.1": named})
        return "2001.1"

    return revised


@pytest.mark.once
def test_released_revisions_never_change() -> None:
    assert {name: digest(revisions.revisions()[name]) for name in RELEASED} == RELEASED


@pytest.mark.once
def test_checks_of_every_revision_exist() -> None:
    for levels in revisions.revisions().values():
        assert levels.keys() <= by_id().keys()
        assert Level.LATER not in levels.values()


@pytest.mark.once
def test_this_version_has_the_checks_of_the_newest_revision() -> None:
    """A new check, or a new level, belongs into a new revision, or into the newest one until that is released."""
    assert revisions.equal_to(catalogue()) == max(revisions.revisions())


@pytest.mark.once
def test_unknown_revision_is_refused() -> None:
    with pytest.raises(CallerError, match=r"unknown revision of the suite '2026\.1'.*2026\.12"):
        revisions.under("2026.1", catalogue())


@pytest.mark.once
def test_later_checks_come_last_and_others_have_their_earlier_level(revised: Callable[..., str]) -> None:
    name = revised(half_close=Level.SHOULD, quiet_stderr=Level.MUST)
    found = revisions.under(name, catalogue())
    assert [(check.id, check.level) for check in found[:2]] == [
        ("half-close", Level.SHOULD),
        ("quiet-stderr", Level.MUST),
    ]
    assert {check.level for check in found[2:]} == {Level.LATER, Level.INFO}
    assert {check.id for check in found[2:] if check.level is Level.INFO} == {
        check.id for check in catalogue() if check.level is Level.INFO
    }
    assert len(found) == len(catalogue())
    assert revisions.equal_to(found[:2]) == name
    assert revisions.equal_to(found) == ""


def plan(target: str, name: str, ids: str, known: Known | None = None) -> Plan:
    checks = revisions.under(name, [by_id()[check] for check in ids.split()])
    return Plan([(Target.parse(target), Family.UNIX)], checks, known or Known(), strict=True, suite=name)


def carried_out(plan: Plan) -> CheckRun:
    run = CheckRun(plan)
    list(run.outcomes())
    return run


def test_later_check_is_shown_and_not_scored(revised: Callable[..., str]) -> None:
    run = carried_out(plan(NEVER_CLOSES, revised(echo_hello=Level.MUST), "half-close echo-hello"))
    assert [(one.check, one.level, one.verdict) for one in run.results()] == [
        ("echo-hello", Level.MUST, Verdict.PASSED),
        ("half-close", Level.LATER, Verdict.FAILED),
    ]
    assert run.exit_status() == 0
    assert run.document().suite == "2001.1"
    assert run.document().checks["half-close"].level is Level.LATER


def test_level_is_that_of_the_revision(revised: Callable[..., str]) -> None:
    must = carried_out(plan(NEVER_CLOSES, revised(half_close=Level.MUST), "half-close"))
    assert must.exit_status() == 1
    info = carried_out(plan(NEVER_CLOSES, revised(half_close=Level.INFO), "half-close"))
    assert [(one.level, one.verdict) for one in info.results()] == [(Level.INFO, Verdict.PASSED)]
    assert info.exit_status() == 0


@pytest.mark.once
def test_known_failure_of_a_later_check_is_neither_used_nor_stale(revised: Callable[..., str]) -> None:
    target = Target.parse("selectors")
    known = Known([KnownFailures(Path("f"), target, (Entry("half-close", "a reason"),))])
    run = carried_out(plan("selectors", revised(echo_hello=Level.MUST), "half-close", known))
    assert [(one.verdict, one.known) for one in run.results()] == [(Verdict.PASSED, "")]
    assert run.exit_status() == 0


@pytest.mark.once
def test_missing_verdict_of_a_later_check_does_not_fail_the_run(revised: Callable[..., str]) -> None:
    (check,) = revisions.under(revised(echo_hello=Level.MUST), [by_id()["half-close"]])
    target = Target.parse("selectors")
    (outcome,) = Runner([(target, Family.UNIX)], [check]).outcomes()
    lost = dataclasses.replace(outcome, verdict=Verdict.ERROR)
    document = dataclasses.replace(carried_out(plan("selectors", "2001.1", "half-close")).document(), verdicts=(lost,))
    assert lost.level is Level.LATER
    assert document.exit_status(strict=True) == 0


@pytest.mark.once
@pytest.mark.parametrize("later", [False, True])
def test_what_a_later_check_provokes_fails_no_other_check(
    revised: Callable[..., str], module: Callable[[str, str], str], *, later: bool
) -> None:
    """The server writes a traceback for a message that only one check sends; another one looks for tracebacks."""
    name = revised(no_errors_on_stderr=Level.MUST, **({} if later else {"words_as_data": Level.MUST}))
    run = carried_out(plan(module("complains", COMPLAINS), name, "words-as-data no-errors-on-stderr"))
    verdicts = {one.check: one.verdict for one in run.results()}
    assert verdicts["no-errors-on-stderr"] is (Verdict.PASSED if later else Verdict.FAILED)


@pytest.mark.once
def test_command_line_shows_and_saves_the_revision(upecho: Callable[..., Any], tmp_path: Path) -> None:
    file = tmp_path / "verdicts.json"
    arguments = ("check", "selectors", "--family", "unix", "--check", "half-close", "--json", str(file))
    for suite in ([], ["--suite", "2026.12"]):
        done = upecho(*arguments, *suite)
        assert done.returncode == 0, done.stderr
        assert "1 check due: 1 passed, 0 failed, 0 unsupported, 0 error; suite 2026.12" in done.stdout
        assert json.loads(file.read_text())["suite"] == "2026.12"


@pytest.mark.once
@pytest.mark.parametrize("name", ["", "2026.1"])
def test_wrong_revision_is_reported(upecho: Callable[..., Any], name: str) -> None:
    done = upecho("check", "selectors", "--suite", name)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert f"unknown revision of the suite '{name}'" in line
    assert "2026.12" in line
