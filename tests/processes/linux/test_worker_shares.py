"""Which worker has which connection: epoll instances tell it, and nothing is guessed where they do not."""

import contextlib
import os
import select
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from upecho.net import sock_diag
from upecho.net.address import Address, Family
from upecho.processes.linux import procfs
from upecho.processes.linux.worker_shares import WorkerShare, worker_shares

HERE = [os.getpid()]
SECONDS = 20.0

pytestmark = pytest.mark.skipif(not procfs.AVAILABLE, reason="only Linux shows what is registered with epoll")


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with contextlib.ExitStack() as entered:
        yield entered


def listening(stack: ExitStack, family: Family, host: str = "127.0.0.1") -> socket.socket:
    version = {Family.INET: socket.AF_INET, Family.INET6: socket.AF_INET6}.get(family, socket.AF_UNIX)
    listener = stack.enter_context(socket.socket(version))
    if version == socket.AF_INET6:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    listener.bind(f"\0upecho-test-{os.getpid()}" if version == socket.AF_UNIX else (host, 0))
    listener.listen()
    return listener


def accepted(stack: ExitStack, listener: socket.socket, sent: int = 0, host: str = "") -> socket.socket:
    """Return the server's side of a connection on which it has received some bytes."""
    client = stack.enter_context(
        socket.create_connection((host or listener.getsockname()[0], listener.getsockname()[1]))
        if listener.family != socket.AF_UNIX
        else socket.socket(socket.AF_UNIX)
    )
    if listener.family == socket.AF_UNIX:
        client.connect(listener.getsockname())
    connection = stack.enter_context(listener.accept()[0])
    client.sendall(bytes(sent))
    assert len(connection.recv(sent, socket.MSG_WAITALL)) == sent if sent else True
    return connection


def epoll(stack: ExitStack, *registered: socket.socket) -> None:
    instance = stack.enter_context(select.epoll())
    for one in registered:
        instance.register(one, select.EPOLLIN)


@pytest.mark.parametrize(
    ("family", "host", "connected"),
    [
        (Family.INET, "127.0.0.1", ""),
        pytest.param(Family.INET6, "::1", "", marks=pytest.mark.skipif(not Family.INET6.is_available(), reason="")),
        pytest.param(
            Family.INET6, "::", "127.0.0.1", marks=pytest.mark.skipif(not Family.INET6.is_available(), reason="")
        ),
        (Family.ABSTRACT, "", ""),
    ],
    ids=["inet", "inet6", "mapped", "abstract"],
)
def test_each_epoll_instance_is_a_worker(stack: ExitStack, family: Family, host: str, connected: str) -> None:
    listener = listening(stack, family, host)
    first, second = (accepted(stack, listener, sent, connected) for sent in (100, 23))
    third = accepted(stack, listener, 7, connected)
    epoll(stack, listener, first, second)
    epoll(stack, listener, third)
    epoll(stack, listener)
    epoll(stack)  # without a listener or a connection, so not of a worker
    counts = [(2, 123), (1, 7), (0, 0)]
    address = Address.parse(f"{connected}:{listener.getsockname()[1]}") if connected else Address.of(listener)
    expected = [WorkerShare(count, None if family.is_unix and count else received) for count, received in counts]
    assert worker_shares(HERE, address) == expected


def test_connections_without_epoll_are_not_known(stack: ExitStack) -> None:
    listener = listening(stack, Family.INET)
    epoll(stack, listener, accepted(stack, listener))
    accepted(stack, listener)
    assert worker_shares(HERE, Address.of(listener)) is None


def test_connection_of_two_epoll_instances_is_not_known(stack: ExitStack) -> None:
    listener = listening(stack, Family.INET)
    connection = accepted(stack, listener)
    epoll(stack, connection)
    epoll(stack, connection)
    assert worker_shares(HERE, Address.of(listener)) is None


def test_several_processes_without_epoll_have_unknown_shares(stack: ExitStack) -> None:
    listener = listening(stack, Family.INET)
    accepted(stack, listener)
    other = stack.enter_context(subprocess.Popen(["sleep", "60"], pass_fds=[listener.fileno()]))
    stack.callback(other.kill)
    assert worker_shares([*HERE, other.pid, 2**22 + 1], Address.of(listener)) == []  # the last id belongs to no process


def test_listener_without_connections_has_no_shares(stack: ExitStack) -> None:
    listener = listening(stack, Family.INET)
    epoll(stack, listener)
    assert worker_shares(HERE, Address.of(listener)) is None


def test_kernel_without_such_answers_shows_nothing(stack: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sock_diag, "SOCK_DIAG", 31)  # no protocol has the last number
    listener = listening(stack, Family.INET)
    epoll(stack, listener, accepted(stack, listener))
    assert worker_shares(HERE, Address.of(listener)) is None


def test_long_list_of_connections_is_read_to_its_end(stack: ExitStack) -> None:
    listener = listening(stack, Family.INET)
    epoll(stack, listener, *(accepted(stack, listener, 1) for _ in range(300)))
    assert worker_shares(HERE, Address.of(listener)) == [WorkerShare(300, 300)]
