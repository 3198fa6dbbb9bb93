"""Why a connection could not be opened: through the server's doing, or for want of something on our side."""

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
def test_the_server_is_blamed_by_kind(number: int, failure: Failure, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Broken) as broken:
        connect_failing_with(number, monkeypatch)
    assert broken.value.failure is failure


def test_trouble_of_our_own_is_no_failure_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(HarnessError, match="too few descriptors"):
        connect_failing_with(errno.EMFILE, monkeypatch)


def test_a_connection_neither_blocks_nor_waits_for_more_to_send() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        connected(socket.AF_INET, listener.getsockname(), seconds=5) as connection,
    ):
        assert not connection.getblocking()
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_too_few_descriptors_are_said_beforehand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _: (64, 500))
    expect_descriptors(400)
    with pytest.raises(HarnessError, match=r"connections \(1016\): a process may open 64 here, and 500 at most"):
        expect_descriptors(1016)
