"""How checks are divided among workers, and what the runner makes of what the workers write."""

import io
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import Mock

import pytest

from upecho.conformance.catalogue import by_id, catalogue
from upecho.conformance.check import Level
from upecho.conformance.run import runner
from upecho.conformance.run.runner import Runner, Worker
from upecho.conformance.run.selection import Pair, is_due, pair_with_families, parse_targets
from upecho.conformance.run.shares import Share, divide
from upecho.conformance.run.verdicts.outcome import PROPERTY, Outcome, Verdict
from upecho.conformance.run.worker import Stream
from upecho.net.address import Family
from upecho.support.errors import HarnessError

CHECKS = catalogue()
WITH_A_TRACE = """
import os, pathlib
from upecho.servers.threads import serve
pathlib.Path(f"loaded-{os.path.basename(__import__('sys').argv[0])}").touch()
"""
WITH_ITS_PATH = """
import pathlib
from upecho.servers import threads

def serve(listener, stop):
    pathlib.Path({file!r}).write_text(listener.getsockname())
    threads.serve(listener, stop)
"""
Workers = Callable[[str], None]


MODULE = """
import json, os, signal, sys, time
from upecho.conformance.run import worker

def main():
    target = json.loads(sys.argv[1])["target"]["text"]
    {code}
    worker.main()
"""


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Workers:
    """Let every worker run some code first; the code knows its own target as ``target``."""

    def workers(code: str) -> None:
        (tmp_path / "odd_worker.py").write_text(MODULE.format(code=code))
        monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
        monkeypatch.setattr(runner, "MODULE", "odd_worker")

    return workers


def outcome(check: str, verdict: Verdict = Verdict.PASSED) -> Outcome:
    return Outcome("selectors", Family.UNIX, check, Level.MUST, verdict, 0.0)


def pairs(*targets: str, family: Family = Family.UNIX) -> list[Pair]:
    return pair_with_families(parse_targets(targets), [family])


def worker() -> Worker:
    ((target, family),) = pairs("selectors")
    share = Share(target, family, [by_id()["half-close"]])
    return Worker(Mock(), share, list(share.identities()))


def ids(share: Share) -> list[str]:
    return [check.id for check in share.checks]


@pytest.mark.parametrize(
    ("targets", "jobs", "workers"),
    [
        (["selectors"], 1, 1),
        (["selectors"], 4, 4),
        (["selectors"], 32, 4),
        (["selectors", "asyncio"], 5, 4),
        (["selectors", "asyncio", "threads"], 2, 3),
    ],
)
def test_each_due_check_is_in_one_share(targets: list[str], jobs: int, workers: int) -> None:
    shares = divide(pairs(*targets), CHECKS, jobs)
    assert len(shares) == workers
    for target, family in pairs(*targets):
        shared = [check for share in shares if share.target == target for check in share.checks if not check.runs_last]
        due = [check for check in CHECKS if is_due(check, target, family) and not check.runs_last]
        assert sorted(check.id for check in shared) == sorted(check.id for check in due)


def test_shares_take_about_the_same_time() -> None:
    seconds = [sum(check.seconds for check in share.checks) for share in divide(pairs("selectors"), CHECKS, jobs=4)]
    assert max(seconds) - min(seconds) < 0.3


def test_checks_of_a_share_keep_their_order() -> None:
    for share in divide(pairs("selectors"), CHECKS, jobs=4):
        assert list(share.checks) == [check for check in CHECKS if check in share.checks]


def test_each_share_ends_with_the_checks_that_run_last() -> None:
    for share in divide(pairs("selectors"), CHECKS, jobs=4):
        assert ids(share)[-2:] == ["no-errors-on-stderr", "quiet-stderr"]


def test_address_gets_a_single_share() -> None:
    assert len(divide(pairs("127.0.0.1:9", family=Family.INET), CHECKS, jobs=4)) == 1


def test_no_share_contains_only_the_check_that_runs_last() -> None:
    few = [by_id()["half-close"], by_id()["quiet-stderr"]]
    assert [ids(share) for share in divide(pairs("selectors"), few, jobs=4)] == [["half-close", "quiet-stderr"]]


def test_failure_in_one_worker_is_the_verdict_of_all() -> None:
    names = {"echo-hello", "half-close", "beyond-fd-setsize", "no-errors-on-stderr"}
    checks = [check for check in CHECKS if check.id in names]
    outcomes = list(Runner(pairs("tests.broken.wrong_clients:select_only"), checks, jobs=3).outcomes())
    assert sorted(one.check for one in outcomes) == sorted(names)
    failed = {one.check for one in outcomes if one.verdict is Verdict.FAILED}
    assert failed == {"beyond-fd-setsize", "no-errors-on-stderr"}


@pytest.mark.unmeasured
@pytest.mark.parametrize(
    ("code", "how"),
    [
        ("os._exit(0)", "the worker process ended with exit status 0 after 0 of 2 checks"),
        ("os._exit(5)", "the worker process ended with exit status 5 after 0 of 2 checks"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "the worker process was killed by SIGKILL after 0 of 2 checks"),
        (
            "os._exit(0) if os.fork() else time.sleep(20)",
            "the worker process ended with exit status 0 after 0 of 2 checks",
        ),
        ("1 / 0", "the worker process ended with exit status 1 after .*: ZeroDivisionError: division by zero"),
        ("os.write(1, b'odd\\n')", "the worker process wrote something other than a verdict: 'odd'"),
        ("time.sleep(600)", "the worker process gave no verdict for 6 s"),
    ],
)
def test_lost_worker_costs_only_its_own_checks(
    workers: Workers, monkeypatch: pytest.MonkeyPatch, code: str, how: str
) -> None:
    monkeypatch.setenv("UPECHO_DEADLINE_SCALE", "0.1")
    monkeypatch.setattr(runner, "LONGEST_SILENCE_SECONDS", 60.0 if "600" in code else 600.0)
    workers(f"target == 'selectors' and [{code}]")
    checks = [by_id()["half-close"], by_id()["echo-hello"]]
    outcomes = list(Runner(pairs("selectors", "threads"), checks, jobs=2).outcomes())
    lost = {one.check: one.fault for one in outcomes if one.verdict is Verdict.ERROR}
    assert [one.target for one in outcomes if one.verdict is Verdict.PASSED] == ["threads", "threads"]
    assert sorted(lost) == ["echo-hello", "half-close"]
    for fault in lost.values():
        assert fault
        assert re.fullmatch(how, fault.message)


def test_worker_does_not_run_the_code_of_its_target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "mine", raising=False)
    (tmp_path / "mine.py").write_text(WITH_A_TRACE)
    (one,) = Runner(pairs("mine:serve"), [by_id()["half-close"]]).outcomes()
    assert one.verdict is Verdict.PASSED
    assert (tmp_path / "loaded-run.py").exists()
    assert not (tmp_path / "loaded-worker.py").exists()


def test_directories_of_workers_are_removed_with_that_of_the_runner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "path"
    (tmp_path / "telling.py").write_text(WITH_ITS_PATH.format(file=str(file)))
    monkeypatch.chdir(tmp_path)
    outcomes = list(Runner(pairs("telling:serve"), [by_id()["half-close"]]).outcomes())
    assert [one.verdict for one in outcomes] == [Verdict.PASSED]
    _, inner, outer, *_ = Path(file.read_text()).parents
    assert (inner.name[:7], outer.name[:7]) == ("upecho-", "upecho-")


def test_last_line_of_a_lost_worker_cannot_control_a_terminal(workers: Workers) -> None:
    workers("print(chr(27) + '[2J', file=sys.stderr); os._exit(3)")
    (one,) = Runner(pairs("selectors"), [by_id()["half-close"]]).outcomes()
    assert one.fault
    assert one.fault.message.endswith(": \\x1b[2J")


def test_fault_of_pytest_is_reported(workers: Workers) -> None:
    workers("import _pytest.main; _pytest.main.Session.perform_collect = lambda *_: 1 / 0")
    (one,) = Runner(pairs("selectors"), [by_id()["half-close"]]).outcomes()
    assert one.fault
    assert one.fault.message == "ZeroDivisionError: division by zero"


@pytest.mark.parametrize(
    "line",
    [b"odd", b"\xff", b"[]", b'{"target": 1}', outcome("echo-hello").to_json().encode(), b""],
)
def test_line_that_is_not_a_pending_verdict_is_a_fault(line: bytes) -> None:
    one = worker()
    assert list(one.outcomes_in(line + b"\n" + outcome("half-close").to_json().encode() + b"\n")) == []
    assert one.fault
    assert one.fault.message.startswith("the worker process wrote something other than a verdict: ")


def test_verdict_may_arrive_in_pieces_but_only_once() -> None:
    one, line = worker(), outcome("half-close").to_json().encode() + b"\n"
    assert [list(one.outcomes_in(line[start : start + 9])) for start in range(0, len(line), 9)][-1]
    assert one.pending == []
    assert list(one.outcomes_in(line)) == []
    assert one.fault


def test_held_failure_is_yielded_when_another_worker_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Runner(pairs("selectors"), CHECKS, jobs=3)
    failed = outcome("quiet-stderr", Verdict.FAILED)

    def lose(*_: object) -> Iterator[Outcome]:
        yield from run._merged(failed)
        raise HarnessError("lost")

    monkeypatch.setattr(run, "_run", lose)
    outcomes = run.outcomes()
    assert next(outcomes) == failed
    with pytest.raises(HarnessError, match="lost"):
        next(outcomes)


def test_last_of_two_outcomes_of_a_test_counts() -> None:
    out = io.StringIO()
    properties: list[tuple[str, object]] = [(PROPERTY, "passed"), ("other", 1), (PROPERTY, "error")]
    for when in ("call", "teardown"):
        report = pytest.TestReport("", ("", 0, ""), {}, "failed", None, when, user_properties=properties)
        Stream(out).pytest_runtest_logreport(report)
    assert out.getvalue() == "error\n"
