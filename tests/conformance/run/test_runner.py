"""What each worker of the suite is told to do, and what becomes of a check that several of them make."""

import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import Mock

import pytest

from upecho.conformance.catalogue import catalogue
from upecho.conformance.run.outcome import Outcome, Verdict
from upecho.conformance.run.runner import Runner, Worker
from upecho.conformance.run.selection import chosen, is_due
from upecho.conformance.run.shares import Share, deal
from upecho.conformance.run.worker import PROPERTY, Stream
from upecho.net.address import Family
from upecho.processes.interpreter import Interpreter
from upecho.support.errors import HarnessError

CHECKS = catalogue()
IN_A_WORKER = """
import os, signal, sys, threading, time
from upecho.servers.threads import serve
if sys.argv[0].endswith("worker.py"):
    {}
"""
Mine = Callable[[str], list[Share]]


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mine:
    """Write a module with a server, and code that only a worker runs; return a share of half-close over unix."""

    def mine(code: str) -> list[Share]:
        monkeypatch.chdir(tmp_path)
        monkeypatch.delitem(sys.modules, "mine", raising=False)
        (tmp_path / "mine.py").write_text(IN_A_WORKER.format(code))
        half_close = [check for check in CHECKS if check.id == "half-close"]
        return deal(chosen(["mine:serve"], ["unix"]), half_close, jobs=1)

    return mine


def outcome(check: str, verdict: Verdict = Verdict.PASSED) -> Outcome:
    return Outcome("selectors", "unix", check, "MUST", verdict, "", 0.0)


def worker() -> Worker:
    share = Share(chosen(["selectors"], ["unix"])[0][0], Family.UNIX, [one for one in CHECKS if one.id == "half-close"])
    return Worker(Mock(), share, list(share.identities()))


def ids(share: Share) -> list[str]:
    return [check.id for check in share.checks]


@pytest.mark.parametrize(
    ("targets", "jobs", "workers"),
    [
        (["selectors"], 1, 1),
        (["selectors"], 4, 4),
        (["selectors", "asyncio"], 5, 4),
        (["selectors", "asyncio", "threads"], 2, 3),
    ],
)
def test_the_checks_of_few_pairs_are_shared_among_the_jobs(targets: list[str], jobs: int, workers: int) -> None:
    pairs = chosen(targets, ["inet"])
    shares = deal(pairs, CHECKS, jobs)
    assert len(shares) == workers
    for target, family in pairs:
        told = [check for share in shares if share.target == target for check in share.checks if not check.looks_back]
        due = [check for check in CHECKS if is_due(check, target, family) and not check.looks_back]
        assert sorted(check.id for check in told) == sorted(check.id for check in due)


def test_who_hears_complaints_hears_those_of_every_worker() -> None:
    for share in deal(chosen(["selectors"], ["inet"]), CHECKS, 4):
        assert ids(share)[-1] == "quiet-stderr"


def test_who_is_started_by_somebody_else_is_asked_one_thing_at_a_time() -> None:
    assert len(deal(chosen(["127.0.0.1:9"], []), CHECKS, jobs=4)) == 1


def test_nobody_is_started_for_nothing() -> None:
    some = [check for check in CHECKS if check.id in ("half-close", "quiet-stderr")]
    assert [ids(share) for share in deal(chosen(["selectors"], ["inet"]), some, jobs=4)] == [
        ["half-close", "quiet-stderr"]
    ]


def test_a_complaint_that_one_worker_hears_is_the_verdict_of_all() -> None:
    names = {"echo-hello", "half-close", "beyond-fd-setsize", "quiet-stderr"}
    pairs = chosen(["tests.broken.wrong_clients:select_only"], ["unix"])
    outcomes = list(Runner(pairs, [check for check in CHECKS if check.id in names], jobs=3).outcomes())
    assert sorted(one.check for one in outcomes) == sorted(names)
    failed = {one.check for one in outcomes if one.verdict is Verdict.FAILED}
    assert failed == {"beyond-fd-setsize", "quiet-stderr"}


@pytest.mark.parametrize(
    ("code", "how"),
    [
        ("os._exit(0)", "ended with status 0 when it had made 0 of 1 checks"),
        ("os._exit(1)", "ended with status 1 when it had made 0 of 1 checks"),
        ("os._exit(5)", "ended with status 5 when it had made 0 of 1 checks"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "was killed by SIGKILL when it had made 0 of 1 checks"),
        ("os._exit(0) if os.fork() else time.sleep(600)", "ended with status 0 when it had made 0 of 1 checks"),
        ("1 / 0", r"ended with status 4 when .*: mine:serve: broken: ZeroDivisionError: division by zero .*:5\)"),
        ("[os.write(fd, b'odd\\n') for fd in range(3, 20) if os.path.exists(f'/dev/fd/{fd}')]", "wrote .*: 'odd'"),
    ],
)
def test_a_worker_that_is_lost_is_named_on_one_line(mine: Mine, code: str, how: str) -> None:
    (share,) = mine(code)
    with pytest.raises(HarnessError, match=f"^a worker checking mine:serve over unix {how}$"):
        list(Runner([(share.target, share.family)], share.checks).outcomes())


def test_a_process_that_a_module_leaves_behind_holds_nobody_up(
    mine: Mine, tmp_path: Path, eventually: Callable[[Callable[[], object]], None]
) -> None:
    (share,) = mine("os.fork() or [open('pid', 'w').write(str(os.getpid())), time.sleep(600)]")
    (one,) = Runner([(share.target, share.family)], share.checks).outcomes()
    assert one.verdict is Verdict.PASSED
    status = Path("/proc", (tmp_path / "pid").read_text(), "status")
    eventually(lambda: not status.exists() or "State:\tZ" in status.read_text())


def test_a_worker_without_the_other_interpreter_is_lost_too() -> None:
    runner = Runner(chosen(["selectors"], ["unix"]), CHECKS, jobs=1, python=Interpreter("/bin/false", "none"))
    with pytest.raises(
        HarnessError, match=r"ended with status 4 when .*: not Python: '/bin/false' ended with status 1"
    ):
        list(runner.outcomes())


@pytest.mark.parametrize(
    "line",
    [b"odd", b"\xff", b"[]", b'{"recorded": 1}', outcome("echo-hello").to_json().encode(), b""],
)
def test_what_is_no_verdict_is_no_bug_of_ours(line: bytes) -> None:
    with pytest.raises(HarnessError, match="what is no verdict of its own"):
        list(worker().outcomes_in(line + b"\n"))


def test_a_verdict_may_come_in_pieces_but_once() -> None:
    one, line = worker(), outcome("half-close").to_json().encode() + b"\n"
    assert [list(one.outcomes_in(line[start : start + 9])) for start in range(0, len(line), 9)][-1]
    assert one.owed == []
    with pytest.raises(HarnessError):
        list(one.outcomes_in(line))


def test_what_was_found_is_told_though_other_workers_are_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    runner = Runner(chosen(["selectors"], ["unix"]), CHECKS, jobs=3)
    failed = outcome("quiet-stderr", Verdict.FAILED)

    def lose(*_: object) -> Iterator[Outcome]:
        yield from runner._last_of_its_kind(failed)
        raise HarnessError("lost")

    monkeypatch.setattr(runner, "_run", lose)
    outcomes = runner.outcomes()
    assert next(outcomes) == failed
    with pytest.raises(HarnessError, match="lost"):
        next(outcomes)


@pytest.mark.parametrize(
    "code",
    ["threading.Thread(target=time.sleep, args=(600,)).start()", "import tempfile; assert tempfile.tempdir is None"],
    ids=["is-not-held-up-by-a-thread", "has-no-temporary-files"],
)
def test_a_worker(mine: Mine, code: str) -> None:
    (share,) = mine(code)
    command = [sys.executable, "-P", "-m", "upecho.conformance.run.worker", *share.options()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert Outcome.from_json(done.stdout).verdict is Verdict.PASSED


def test_of_two_outcomes_of_a_test_the_last_counts() -> None:
    out = io.StringIO()
    properties: list[tuple[str, object]] = [(PROPERTY, "passed"), ("other", 1), (PROPERTY, "error")]
    for when in ("call", "teardown"):
        report = pytest.TestReport("", ("", 0, ""), {}, "failed", None, when, user_properties=properties)
        Stream(out).pytest_runtest_logreport(report)
    assert out.getvalue() == "error\n"
