"""How checks are divided among workers, and what the runner makes of what the workers write."""

import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import Mock

import pytest

from upecho.conformance.catalogue import by_id, catalogue
from upecho.conformance.check import Level
from upecho.conformance.run.outcome import PROPERTY, Outcome, Verdict
from upecho.conformance.run.runner import Runner, Worker
from upecho.conformance.run.selection import Pair, is_due, pair_with_families, parse_targets
from upecho.conformance.run.shares import Share, divide
from upecho.conformance.run.worker import Stream
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
    """Write a module with a server and code that only a worker runs; return a share with one check."""

    def mine(code: str) -> list[Share]:
        monkeypatch.chdir(tmp_path)
        monkeypatch.delitem(sys.modules, "mine", raising=False)
        (tmp_path / "mine.py").write_text(IN_A_WORKER.format(code))
        return divide(pairs("mine:serve"), [by_id()["half-close"]], jobs=1)

    return mine


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


@pytest.mark.parametrize(
    ("code", "how"),
    [
        ("os._exit(0)", "ended with status 0 after 0 of 1 checks"),
        ("os._exit(1)", "ended with status 1 after 0 of 1 checks"),
        ("os._exit(5)", "ended with status 5 after 0 of 1 checks"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "was killed by SIGKILL after 0 of 1 checks"),
        ("os._exit(0) if os.fork() else time.sleep(600)", "ended with status 0 after 0 of 1 checks"),
        ("1 / 0", r"ended with status 4 .*: mine:serve: import failed: ZeroDivisionError: division by zero .*:5\)"),
        ("[os.write(fd, b'odd\\n') for fd in range(3, 20) if os.path.exists(f'/dev/fd/{fd}')]", "wrote .*: 'odd'"),
    ],
)
def test_lost_worker_is_reported_on_one_line(mine: Mine, code: str, how: str) -> None:
    (share,) = mine(code)
    with pytest.raises(HarnessError, match=f"^a worker checking mine:serve over unix {how}$"):
        list(Runner([(share.target, share.family)], share.checks).outcomes())


def test_process_left_behind_by_a_module_does_not_delay_the_run(
    mine: Mine, tmp_path: Path, eventually: Callable[[Callable[[], object]], None]
) -> None:
    (share,) = mine("os.fork() or [open('pid', 'w').write(str(os.getpid())), time.sleep(600)]")
    (one,) = Runner([(share.target, share.family)], share.checks).outcomes()
    assert one.verdict is Verdict.PASSED
    status = Path("/proc", (tmp_path / "pid").read_text(), "status")
    eventually(lambda: not status.exists() or "State:\tZ" in status.read_text())


def test_worker_with_a_broken_interpreter_is_lost() -> None:
    runner = Runner(pairs("selectors"), CHECKS, jobs=1, python=Interpreter("/bin/false", "none"))
    with pytest.raises(
        HarnessError, match=r"ended with status 4 after .*: not Python: '/bin/false' ended with status 1"
    ):
        list(runner.outcomes())


@pytest.mark.parametrize(
    "line",
    [b"odd", b"\xff", b"[]", b'{"target": 1}', outcome("echo-hello").to_json().encode(), b""],
)
def test_line_that_is_not_a_pending_verdict_is_refused(line: bytes) -> None:
    with pytest.raises(HarnessError, match="wrote something other than a verdict"):
        list(worker().outcomes_in(line + b"\n"))


def test_verdict_may_arrive_in_pieces_but_only_once() -> None:
    one, line = worker(), outcome("half-close").to_json().encode() + b"\n"
    assert [list(one.outcomes_in(line[start : start + 9])) for start in range(0, len(line), 9)][-1]
    assert one.pending == []
    with pytest.raises(HarnessError):
        list(one.outcomes_in(line))


def test_held_failure_is_yielded_when_another_worker_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    runner = Runner(pairs("selectors"), CHECKS, jobs=3)
    failed = outcome("quiet-stderr", Verdict.FAILED)

    def lose(*_: object) -> Iterator[Outcome]:
        yield from runner._merged(failed)
        raise HarnessError("lost")

    monkeypatch.setattr(runner, "_run", lose)
    outcomes = runner.outcomes()
    assert next(outcomes) == failed
    with pytest.raises(HarnessError, match="lost"):
        next(outcomes)


@pytest.mark.parametrize(
    "code",
    ["threading.Thread(target=time.sleep, args=(600,)).start()", "import tempfile; assert tempfile.tempdir is None"],
    ids=["thread", "temporary-files"],
)
def test_worker_exits_whatever_a_module_started(mine: Mine, code: str) -> None:
    (share,) = mine(code)
    command = [sys.executable, "-P", "-m", "upecho.conformance.run.worker", *share.options()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert Outcome.from_json(done.stdout).verdict is Verdict.PASSED


def test_last_of_two_outcomes_of_a_test_counts() -> None:
    out = io.StringIO()
    properties: list[tuple[str, object]] = [(PROPERTY, "passed"), ("other", 1), (PROPERTY, "error")]
    for when in ("call", "teardown"):
        report = pytest.TestReport("", ("", 0, ""), {}, "failed", None, when, user_properties=properties)
        Stream(out).pytest_runtest_logreport(report)
    assert out.getvalue() == "error\n"
