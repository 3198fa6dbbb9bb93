"""The launcher: what it makes of a target that answers nothing, of a server that ended, and of earlier checks."""

import errno
import os
import signal
from collections.abc import Callable, Iterator

import pytest

from upecho.conformance.catalogue import by_id
from upecho.conformance.harness.ended_server import blaming_ended_server
from upecho.conformance.harness.launcher import Launcher
from upecho.conformance.harness.starting import Starter
from upecho.conformance.harness.violation import NotReached, OutOfTime, Violation
from upecho.net.address import Family
from upecho.processes.supervisor import Supervisor
from upecho.serving.target import Target

SILENT = """
import time
def serve(listener, stop):
    kept = []
    while True:
        kept.append(listener.accept())
"""
LOWER_CASE = """
def serve(listener, stop):
    while True:
        connection, _ = listener.accept()
        while data := connection.recv(100):
            connection.send(data)
"""
ONE_CLIENT = """
def serve(listener, stop):
    connection, _ = listener.accept()
    connection.send(connection.recv(100).upper())
    connection.recv(1)
"""
# Ends with status 1 when a connection is reset, as a Unix socket is by a close with unread bytes.
DIES_OF_RESET = """
import os
def serve(listener, stop):
    while True:
        connection, _ = listener.accept()
        try:
            while data := connection.recv(100):
                connection.send(data.upper())
        except ConnectionError:
            os._exit(1)
"""
OTHER_CHECK = by_id()["half-close"]


@pytest.fixture
def launcher(
    supervisor: Supervisor, tmp_path: os.PathLike[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Launcher]]:
    """Return a launcher of a target, or of a module with some code, which has begun a check."""
    launchers: list[Launcher] = []

    def launcher(target: str, *, check: str = "half-close", run_all: bool = False) -> Launcher:
        monkeypatch.chdir(tmp_path)
        if "\n" in target:
            with open("mine.py", "w") as file:  # noqa: PTH123 (in the current directory)
                file.write(target)
            target = "mine:serve"
        one = Launcher(Starter(Target.implementation(target), Family.UNIX, supervisor), run_all=run_all)
        one.begin_check(by_id()[check])
        launchers.append(one)
        return one

    yield launcher
    for one in launchers:
        one.end_check(failed=True)


def test_silent_target_fails_the_check_about_that(launcher: Callable[..., Launcher]) -> None:
    with pytest.raises(Violation, match="0 bytes received, 5 missing") as raised:
        launcher(SILENT, check="echo-hello").expect_worth_running()
    assert not isinstance(raised.value, NotReached)


@pytest.mark.parametrize("target", [SILENT, "no_such_module:serve"])
def test_target_without_any_answer_is_tried_only_once(launcher: Callable[..., Launcher], target: str) -> None:
    one = launcher(target)
    raised = []
    for _ in range(2):
        with pytest.raises(NotReached) as caught:
            one.expect_worth_running()
        raised.append(caught.value)
        one.end_check(failed=True)
        one.begin_check(OTHER_CHECK)
    first, second = raised
    assert first is not second, "a note that is added to one would appear under the other"
    assert first.cause == second.cause
    assert first.cause.startswith("an answer to the first client: ")
    assert first.follows_from == ("echo-hello",)


def test_target_that_is_no_echo_is_checked_for_its_bytes_only(launcher: Callable[..., Launcher]) -> None:
    one = launcher(LOWER_CASE)
    with pytest.raises(NotReached) as raised:
        one.expect_worth_running()
    assert raised.value.cause == "an echo for the first client: b'hello'"
    assert raised.value.follows_from == ("echo-hello",)
    for check in ("echo-hello", "full-duplex"):
        one.begin_check(by_id()[check])
        one.expect_worth_running()


def test_all_checks_are_run_if_asked_for(launcher: Callable[..., Launcher]) -> None:
    launcher(SILENT, run_all=True).expect_worth_running()


def test_server_that_answers_one_client_is_replaced_before_the_first_check(launcher: Callable[..., Launcher]) -> None:
    one = launcher(ONE_CLIENT)
    one.expect_worth_running()
    one.shared_server().connect().exchange(b"hello")
    assert one.log.wire().first[0].text == "client 1: connected"
    assert one.earlier_checks() == []


def test_no_check_is_run_when_the_budget_is_spent(launcher: Callable[..., Launcher]) -> None:
    one = launcher("selectors")
    one.expect_worth_running()
    one.budget.charge("half-close", 1000)
    with pytest.raises(OutOfTime, match="failed checks have taken"):
        one.expect_worth_running()


def test_server_that_has_ended_proves_nothing(launcher: Callable[..., Launcher]) -> None:
    one = launcher("selectors")
    one.expect_worth_running()
    server = one.shared_server()
    one.expect_still_serving()
    os.kill(server.process.child.pid, signal.SIGKILL)
    server.process.child.wait(10)
    with pytest.raises(NotReached, match="no server is listening") as raised:
        one.expect_still_serving()
    assert one.explained(raised.value).seen.startswith("the server was killed by SIGKILL (symptom: ")


def test_question_after_a_check_ends_with_an_orderly_close(launcher: Callable[..., Launcher]) -> None:
    one = launcher(DIES_OF_RESET)
    one.shared_server()
    for _ in range(10):
        one.expect_still_serving()


def test_server_that_was_told_to_stop_need_not_answer(launcher: Callable[..., Launcher]) -> None:
    one = launcher("selectors")
    one.start().stop(signal.SIGTERM)
    one.expect_still_serving()


def test_server_that_the_check_did_not_use_need_not_answer(launcher: Callable[..., Launcher]) -> None:
    one = launcher("selectors")
    one.shared_server().kill()
    one.begin_check(by_id()["socket-path-too-long"])
    one.expect_still_serving()


def test_unforeseen_error_after_the_end_of_a_server_is_about_the_server(launcher: Callable[..., Launcher]) -> None:
    one = launcher("selectors")
    os.kill(one.shared_server().process.child.pid, signal.SIGKILL)
    with pytest.raises(Violation, match="the server was killed by SIGKILL"), blaming_ended_server(one.servers):
        raise FileNotFoundError
    with pytest.raises(OSError, match="24"), blaming_ended_server(one.servers):
        raise OSError(errno.EMFILE, "24")


def test_unforeseen_error_beside_a_running_server_is_ours(launcher: Callable[..., Launcher]) -> None:
    one = launcher("selectors")
    one.shared_server()
    with pytest.raises(FileNotFoundError), blaming_ended_server(one.servers):
        raise FileNotFoundError


def test_earlier_checks_of_the_shared_server_are_known(launcher: Callable[..., Launcher]) -> None:
    one = launcher("selectors", check="echo-hello")
    one.shared_server()
    one.end_check(failed=False)
    one.begin_check(by_id()["accepts-when-ready"])
    assert one.earlier_checks() == []
    one.begin_check(OTHER_CHECK)
    one.shared_server()
    assert one.earlier_checks() == ["echo-hello"]
    one.end_check(failed=True)
    one.begin_check(OTHER_CHECK)
    one.shared_server()
    assert one.earlier_checks() == []
