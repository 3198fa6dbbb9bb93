"""Intervals in which a process did not run: they are noticed, and no check that they disturb has a verdict."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from upecho.conformance.catalogue import by_id
from upecho.conformance.harness.standstill import Standstills
from upecho.conformance.run import runner
from upecho.conformance.run.runner import Runner
from upecho.conformance.run.verdicts.outcome import Outcome, Verdict
from upecho.net.address import Family
from upecho.serving.loading.declarations import Declared
from upecho.serving.target import Target

STOPPED_SECONDS = 1.5
WATCHING = """
from upecho.conformance.harness.standstill import Standstills
watch = Standstills()
while True:
    print("ready", flush=True)
    print(*map(watch.longest, map(float, input().split())), flush=True)
"""
# Sends too much after the third client, the first one that half-closes, and behaves before and after that.
WRONG_ONCE = """
def serve(listener, stop):
    while True:
        connection, _ = listener.accept()
        with connection:
            while data := connection.recv(1000):
                connection.sendall(data.upper())
            with open("ends", "a") as ends:
                ends.write(".")
                if ends.tell() == 3:
                    connection.sendall(b"surplus")
"""
WORKER = """
import itertools
from upecho.conformance.harness.standstill import Standstills
from upecho.conformance.run import worker
seconds = itertools.chain({seconds}, itertools.repeat(0.0))
def main():
    Standstills.longest = lambda self, within: next(seconds)
    worker.main()
"""


@pytest.fixture
def watching() -> Iterator[subprocess.Popen[str]]:
    """Run a process that answers within which of some times it has noticed a standstill of which length."""
    with subprocess.Popen(
        [sys.executable, "-c", WATCHING], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


def longest(process: subprocess.Popen[str], *within: float) -> list[float]:
    assert process.stdin
    assert process.stdout
    print(*within, file=process.stdin, flush=True)
    answer = process.stdout.readline()
    process.stdout.readline()
    return [float(word) for word in answer.split()]


def test_standstill_that_the_thread_notices_meanwhile_is_not_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = Standstills()
    watch.close()

    def noticed_first(now: float) -> float:
        watch._noticed.append((now, STOPPED_SECONDS))
        return 0.0

    monkeypatch.setattr(watch, "_late_seconds", noticed_first)
    assert watch.longest(60) == STOPPED_SECONDS


def test_stopped_process_notices_how_long_it_did_not_run(watching: subprocess.Popen[str]) -> None:
    os.kill(watching.pid, signal.SIGSTOP)
    time.sleep(STOPPED_SECONDS)
    os.kill(watching.pid, signal.SIGCONT)
    (seconds,) = longest(watching, 60)
    assert STOPPED_SECONDS - 0.3 < seconds < 60


def test_standstill_that_ended_before_the_time_in_question_does_not_count(watching: subprocess.Popen[str]) -> None:
    os.kill(watching.pid, signal.SIGSTOP)
    time.sleep(STOPPED_SECONDS)
    os.kill(watching.pid, signal.SIGCONT)
    time.sleep(0.5)
    before, after = longest(watching, 60, 0.001)
    assert before > 0
    assert after == 0


def test_process_that_runs_has_no_standstill() -> None:
    watch = Standstills()
    time.sleep(0.3)
    assert watch.longest(60) == 0
    watch.close()


def half_close(code: str, seconds: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> Outcome:
    """Check a server in a worker that believes that it did not run for some seconds, by attempt."""
    (path / "mine.py").write_text(code)
    (path / "odd_worker.py").write_text(WORKER.format(seconds=seconds))
    monkeypatch.chdir(path)
    monkeypatch.setenv("PYTHONPATH", str(path), prepend=os.pathsep)
    monkeypatch.setattr(runner, "MODULE", "odd_worker")
    target = Target.parse("mine:serve", declared=Declared())
    (outcome,) = Runner([(target, Family.UNIX)], [by_id()["half-close"]]).outcomes()
    return outcome


def test_failed_check_begins_again_after_a_standstill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert half_close(WRONG_ONCE, "[6.0]", tmp_path, monkeypatch).verdict is Verdict.PASSED


def test_failed_check_fails_without_a_standstill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert half_close(WRONG_ONCE, "[]", tmp_path, monkeypatch).verdict is Verdict.FAILED


def test_check_that_a_standstill_disturbs_every_time_has_no_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = half_close(WRONG_ONCE.replace("== 3", ">= 3"), "[6.0] * 9", tmp_path, monkeypatch)
    assert outcome.verdict is Verdict.ERROR
    assert outcome.fault
    assert outcome.fault.message == "no verdict: this machine, or this process, stood still for 6.0 s"
