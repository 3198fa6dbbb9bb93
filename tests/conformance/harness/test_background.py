"""A check in the background: it runs at once, and what it raises is raised when its turn comes."""

import threading

import pytest

from upecho.conformance.harness.background import BackgroundCheck
from upecho.conformance.harness.servers.server import Server
from upecho.conformance.harness.violation import Log, Violation
from upecho.net.address import Address


def nowhere() -> Server:
    return Server(Address.parse("unix:/nowhere"))


def test_check_runs_before_its_turn() -> None:
    ran = threading.Event()
    check = BackgroundCheck(lambda _: ran.set(), nowhere(), Log())
    assert ran.wait(20)
    check.join()


def test_violation_is_raised_when_the_turn_comes() -> None:
    check = BackgroundCheck(lambda server: server.connect(), nowhere(), Log())
    with pytest.raises(Violation, match="no server is listening"):
        check.join()
