"""The words for how a process ended."""

import signal

import pytest

from upecho.processes.ending import ended, ending, foreground_hint
from upecho.serving.target import Target


@pytest.mark.parametrize(
    ("status", "noun", "predicate"),
    [
        (1, "exit status 1", "ended with exit status 1"),
        (-signal.SIGTERM, "killed by SIGTERM", "was killed by SIGTERM"),
        (-signal.SIGRTMIN, "killed by SIGRTMIN", "was killed by SIGRTMIN"),
        (-60, "killed by signal 60", "was killed by signal 60"),
    ],
)
def test_end_of_a_process_is_described(status: int, noun: str, predicate: str) -> None:
    assert (ending(status), ended(status)) == (noun, predicate)


def test_process_that_has_only_closed_its_pipe_is_described() -> None:
    assert ended(None) == "closed its stdout and did not exit,"


@pytest.mark.parametrize(
    ("target", "status", "is_hinted"),
    [("cmd:cat {address}", 0, True), ("cmd:cat {address}", 1, False), ("selectors", 0, False)],
)
def test_command_that_ends_with_status_0_may_have_become_a_daemon(target: str, status: int, is_hinted: bool) -> None:
    assert foreground_hint(status, Target.parse(target)) == "; a command must stay in the foreground" * is_hinted
