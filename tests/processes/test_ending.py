"""The words for how a process ended."""

import signal

import pytest

from upecho.processes.ending import ended, ending


@pytest.mark.parametrize(
    ("status", "noun", "predicate"),
    [
        (1, "exit status 1", "ended with status 1"),
        (-signal.SIGTERM, "killed by SIGTERM", "was killed by SIGTERM"),
        (-signal.SIGRTMIN, "killed by SIGRTMIN", "was killed by SIGRTMIN"),
        (-60, "killed by signal 60", "was killed by signal 60"),
    ],
)
def test_end_of_a_process_is_described(status: int, noun: str, predicate: str) -> None:
    assert (ending(status), ended(status)) == (noun, predicate)
