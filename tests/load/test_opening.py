"""Failures to open a connection are attributed to the server or to this system."""

import errno
import os
import socket

import pytest

from upecho.load.connection import Broken
from upecho.load.opening import connected, expect_descriptors
from upecho.load.plan import Failure
from upecho.support.errors import HarnessError


def connect_failing_with(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(_self: socket.socket, _name: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(socket.socket, "connect", connect)
    connected(socket.AF_INET, ("127.0.0.1", 9), seconds=1)


@pytest.mark.parametrize(
    ("number", "failure"),
    [
        (errno.ECONNREFUSED, Failure.REFUSED),
        (errno.ENOENT, Failure.REFUSED),
        (errno.EAGAIN, Failure.REFUSED),
        (errno.ECONNRESET, Failure.RESET),
        (errno.EADDRNOTAVAIL, Failure.NO_PORT),
        (errno.ETIMEDOUT, Failure.TIMED_OUT),
    ],
)
def test_failure_of_the_server_has_a_kind(number: int, failure: Failure, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Broken) as broken:
        connect_failing_with(number, monkeypatch)
    assert broken.value.failure is failure


def test_missing_descriptors_are_a_failure_of_the_harness(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(HarnessError, match="too few descriptors"):
        connect_failing_with(errno.EMFILE, monkeypatch)


def test_connection_is_non_blocking_and_sends_without_delay() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        connected(socket.AF_INET, listener.getsockname(), seconds=5) as connection,
    ):
        assert not connection.getblocking()
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_too_few_descriptors_are_reported_beforehand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _: (64, 500))
    expect_descriptors(400)
    with pytest.raises(HarnessError, match="for 1016 connections: a process may open 64 here, and 500 at most"):
        expect_descriptors(1016)
