"""The account of stderr: what of it is forbidden, and during which check it was written first."""

import pytest

from upecho.conformance.harness.servers.stderr import Fragment, StderrReader
from upecho.conformance.harness.stderr_account import StderrAccount
from upecho.processes.supervisor import Supervisor

CRASH = 'Traceback (most recent call last):\n  File "/s.py", line 12, in f\n    g()\nValueError: boom\n'


@pytest.fixture
def reader(supervisor: Supervisor) -> StderrReader:
    return StderrReader(supervisor.start(["/bin/cat"]))


@pytest.fixture
def account(reader: StderrReader) -> StderrAccount:
    account = StderrAccount()
    account.add(reader)
    return account


def test_silent_server_has_written_nothing(account: StderrAccount) -> None:
    assert (account.checks(), account.errors(), account.anything()) == ([], None, None)


def test_first_check_with_an_error_report_is_known(account: StderrAccount, reader: StderrReader) -> None:
    reader.fragments += [Fragment("a", "hello\n", while_serving=True), Fragment("b", CRASH, while_serving=True)]
    assert account.checks() == ["a", "b"]
    errors = account.errors()
    assert errors
    assert errors.check == "b"
    assert errors.violation.seen.startswith("ValueError: boom")


def test_lines_before_the_stop_break_the_silence(account: StderrAccount, reader: StderrReader) -> None:
    reader.fragments.append(Fragment("a", "at the stop\n", while_serving=False))
    assert account.anything() is None
    reader.fragments += [Fragment("b", "one\ntwo\n", while_serving=True), Fragment("c", "three\n", while_serving=True)]
    written = account.anything()
    assert written
    assert (written.check, written.violation.seen) == ("b", "3 lines, the first during b: two")
