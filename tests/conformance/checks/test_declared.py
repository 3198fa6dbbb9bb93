"""Declared limits of targets: checks beyond them are unsupported, unless they pass."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from upecho.cli.check.notes import tell_works_anyway
from upecho.conformance.catalogue import catalogue
from upecho.conformance.check import Level
from upecho.conformance.run.runner import Runner
from upecho.conformance.run.selection import pair_with_families, parse_targets
from upecho.conformance.run.verdicts.outcome import Outcome, Verdict
from upecho.net.address import Family
from upecho.support.errors import CallerError

pytestmark = pytest.mark.once

BLOCKING = "from upecho.servers.blocking import serve\n"
THREADS = "from upecho.servers.threads import serve\n"
INET_ONLY = """
import socket
from upecho.servers.threads import serve as anywhere

def serve(listener, stop):
    assert listener.family == socket.AF_INET, "no such family"
    anywhere(listener, stop)
"""
MANY = (
    "hundred-clients",
    "fairness-under-flood",
    "fd-exhaustion",
    "idle-clients",
    "beyond-fd-setsize",
)
RunChecks = Callable[..., list[Outcome]]


@pytest.fixture
def run_checks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunChecks:
    """Write a module with a server and run checks on it."""

    def run_checks(
        code: str, ids: Sequence[str], family: str = "unix", max_clients: int | None = None
    ) -> list[Outcome]:
        (tmp_path / "declaring.py").write_text(code)
        monkeypatch.chdir(tmp_path)
        monkeypatch.delitem(sys.modules, "declaring", raising=False)
        pairs = pair_with_families(parse_targets(["declaring:serve"], max_clients), [Family(family)])
        return list(Runner(pairs, [check for check in catalogue() if check.id in ids]).outcomes())

    return run_checks


def unsupported(outcomes: list[Outcome]) -> dict[str, bool]:
    """Return which checks were declared unsupported, and whether they work all the same."""
    assert [one for one in outcomes if one.verdict in (Verdict.FAILED, Verdict.ERROR)] == []
    return {one.check: one.works_anyway for one in outcomes if one.verdict is Verdict.UNSUPPORTED}


def test_max_clients_that_holds_is_unsupported(run_checks: RunChecks) -> None:
    outcomes = run_checks(f"{BLOCKING}MAX_CLIENTS = 1", [*MANY, "queue-beyond-max-clients", "half-close"])
    assert unsupported(outcomes) == dict.fromkeys(MANY, False)
    many = next(one for one in outcomes if one.check == "hundred-clients")
    assert many.unsupported == "declared to serve at most 1 client"


LOGGING = """
import sys
from unittest import mock
from upecho.servers import threads
from upecho.servers.shared.accepting import accepting

def logged(listener, stop):
    for connection in accepting(listener, stop):
        print("INFO client connected", file=sys.stderr)
        yield connection

def serve(listener, stop):
    with mock.patch.object(threads, "accepting", logged):
        threads.serve(listener, stop)
"""


def verdicts(outcomes: list[Outcome]) -> dict[str, Verdict]:
    return {one.check: one.verdict for one in outcomes}


def test_logging_that_is_declared_is_unsupported(run_checks: RunChecks) -> None:
    outcomes = run_checks(f"{LOGGING}LOGS = True", ["quiet-stderr", "no-errors-on-stderr"])
    assert unsupported(outcomes) == {"quiet-stderr": False}
    assert verdicts(outcomes)["no-errors-on-stderr"] is Verdict.PASSED


def test_logging_that_is_not_declared_fails_a_should_check(run_checks: RunChecks) -> None:
    outcomes = run_checks(LOGGING, ["quiet-stderr", "no-errors-on-stderr"])
    assert verdicts(outcomes) == {"quiet-stderr": Verdict.FAILED, "no-errors-on-stderr": Verdict.PASSED}


def test_declaration_to_log_excuses_no_traceback(run_checks: RunChecks) -> None:
    crash = "import threading; threading.Thread(target=lambda: 1 / 0).start()\n        yield connection"
    code = LOGGING.replace("yield connection", crash) + "LOGS = True"
    (failure,) = [one for one in run_checks(code, ["no-errors-on-stderr"]) if one.verdict is Verdict.FAILED]
    assert failure.explanation
    assert "ZeroDivisionError: division by zero (" in failure.explanation.seen


def test_max_clients_that_does_not_hold_works_anyway(run_checks: RunChecks) -> None:
    outcomes = run_checks(f"{THREADS}MAX_CLIENTS = 1", [*MANY, "half-close"])
    assert unsupported(outcomes) == dict.fromkeys(MANY, True)


def test_works_anyway_means_with_all_clients(run_checks: RunChecks) -> None:
    """The server serves three clients at a time: more than it declares, but not a hundred."""
    code = """
from unittest import mock
from upecho.servers import thread_pool

MAX_CLIENTS = 1

def serve(listener, stop):  # this module is also imported where the test runs, and must change nothing there
    with mock.patch.object(thread_pool, "MAX_CLIENTS", 3):
        thread_pool.serve(listener, stop)
"""
    outcomes = run_checks(code, ["hundred-clients", "fairness-under-flood"])
    assert unsupported(outcomes) == {"hundred-clients": False, "fairness-under-flood": True}


def test_option_counts_only_without_a_declaration(run_checks: RunChecks) -> None:
    outcomes = run_checks(BLOCKING, ["hundred-clients", "queue-beyond-max-clients"], max_clients=1)
    assert unsupported(outcomes) == {"hundred-clients": False}
    assert [one.verdict for one in outcomes if one.check == "queue-beyond-max-clients"] == [Verdict.PASSED]
    outcomes = run_checks(f"{BLOCKING}MAX_CLIENTS = 1", ["hundred-clients"], max_clients=500)
    assert unsupported(outcomes) == {"hundred-clients": False}


@pytest.mark.parametrize("limit", ["", "MAX_CLIENTS = 1\n"])
def test_undeclared_family_is_unsupported(run_checks: RunChecks, limit: str) -> None:
    checks = ["half-close", "graceful-shutdown", "hundred-clients"]
    outcomes = run_checks(f"{INET_ONLY}\nFAMILIES = ('inet',)\n{limit}", checks)
    assert unsupported(outcomes) == dict.fromkeys(checks, False)
    assert {one.unsupported for one in outcomes} == {"declared not to serve unix"}
    assert unsupported(run_checks(INET_ONLY + "\nFAMILIES = ('inet',)", checks, "inet")) == {}


def test_undeclared_family_that_is_served_works_anyway(run_checks: RunChecks) -> None:
    checks = ["half-close", "graceful-shutdown"]
    assert unsupported(run_checks(f"{THREADS}FAMILIES = ('inet',)", checks)) == dict.fromkeys(checks, True)


def test_declarations_are_judged_separately(run_checks: RunChecks) -> None:
    outcomes = run_checks(f"{BLOCKING}FAMILIES = ('inet',)\nMAX_CLIENTS = 1", ["half-close", "hundred-clients"])
    assert unsupported(outcomes) == {"half-close": True, "hundred-clients": False}


@pytest.mark.parametrize("value", ["0", "-1", "True", "'8'", "1.5"])
def test_malformed_max_clients_is_a_caller_error(run_checks: RunChecks, value: str) -> None:
    with pytest.raises(CallerError, match=r"MAX_CLIENTS is .*; it must be a whole number, at least 1"):
        run_checks(f"{BLOCKING}MAX_CLIENTS = {value}", ["half-close"])


def test_supported_checks_of_a_server_that_cannot_start_are_not_run(run_checks: RunChecks) -> None:
    code = "MAX_CLIENTS = 1\ndef serve(listener, stop):\n    raise ValueError('no')"
    verdicts = {one.check: one.verdict for one in run_checks(code, ["half-close", "hundred-clients"])}
    assert verdicts == {"half-close": Verdict.NOT_RUN, "hundred-clients": Verdict.UNSUPPORTED}


@pytest.mark.parametrize(
    ("placeholders", "families"),
    [
        ("{address}", ["inet", "inet6", "unix", "abstract"]),
        ("{host} {port}", ["inet", "inet6"]),
        ("{port}", ["inet", "inet6"]),
        ("{path}", ["unix"]),
    ],
)
def test_command_is_checked_over_families_of_its_placeholders(placeholders: str, families: list[str]) -> None:
    pairs = pair_with_families(parse_targets([f"cmd:true {placeholders}"]), [])
    assert [family for _, family in pairs] == [Family(name) for name in families if Family(name).is_available()]


def test_command_line_reports_what_works_anyway(upecho: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(f"{THREADS}MAX_CLIENTS = 1\nFAMILIES = ('inet',)")
    few = ["--check", "hundred-clients", "--check", "half-close", "--check", "fairness-under-flood"]
    done = upecho("check", "mine:serve", "--family", "inet", "--family", "unix", *few, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    says = "declared unsupported, but works:"
    assert f"mine:serve over inet: {says} fairness-under-flood, hundred-clients\n" in done.stderr
    assert f"mine:serve over unix: {says} half-close, fairness-under-flood, hundred-clients\n" in done.stderr


def test_many_that_work_anyway_fit_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    names = [check.id for check in catalogue()]
    tell_works_anyway(
        [Outcome("t", Family.INET, name, Level.MUST, Verdict.UNSUPPORTED, 0.0, works_anyway=True) for name in names]
    )
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(f"{', '.join(names[:5])} and {len(names) - 5} more")
