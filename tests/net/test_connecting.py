"""Connecting: at once, after some waiting, or with the reason why not."""

import contextlib
import errno
import os
import select
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from upecho.net.address import Address
from upecho.net.connecting import connect, start_connecting
from upecho.serving.listener import listening
from upecho.serving.settings import Settings
from upecho.support.errors import AddressError, NoPortLeft


@contextlib.contextmanager
def full(address: Address) -> Iterator[socket.socket]:
    """A listener whose backlog has no room left."""
    with listening(address, Settings(backlog=0)) as listener, connect(address, 5):
        yield listener


@pytest.fixture
def address(directory: Path) -> Address:
    return Address.parse(f"unix:{directory}/s")


def test_operations_time_out(address: Address) -> None:
    with listening(address, Settings()), connect(address, 0.01) as client:
        assert client.gettimeout() == 0.01
        with pytest.raises(TimeoutError):
            client.recv(1)


def test_tcp_sends_at_once() -> None:
    loopback = Address.parse("127.0.0.1:0")
    with listening(loopback, Settings()) as listener, connect(Address.of(listener), 5) as client:
        assert client.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize("text", ["127.0.0.1:1", "unix:/no/such/path"])
def test_nobody_listening_is_said(text: str) -> None:
    with pytest.raises(AddressError, match=f"cannot connect to {text}: nobody is listening there"):
        connect(Address.parse(text), 5)


def test_a_full_backlog_is_waited_for(address: Address) -> None:
    with full(address) as listener:
        waiting = threading.Thread(target=lambda: connect(address, 20).close())
        waiting.start()
        listener.accept()[0].close()
        listener.accept()[0].close()
        waiting.join(20)
        assert not waiting.is_alive()


def test_a_full_backlog_is_not_waited_for_for_ever(address: Address) -> None:
    with full(address), pytest.raises(AddressError, match="no answer in time"):
        connect(address, 0.05)


def test_a_path_without_a_server_is_said(directory: Path) -> None:
    (directory / "s").touch()
    with pytest.raises(AddressError, match="nobody is listening there"):
        connect(Address.parse(f"unix:{directory}/s"), 5)


def test_a_connection_is_begun_without_waiting(address: Address) -> None:
    with listening(address, Settings()) as listener, start_connecting(address) as client:
        assert not client.getblocking()
        with listener.accept()[0] as connection:
            connection.sendall(b"x")
            assert client.recv(1) == b"x"


def test_a_connection_on_its_way_arrives() -> None:
    loopback = Address.parse("127.0.0.1:0")
    with listening(loopback, Settings()) as listener, start_connecting(Address.of(listener)) as client:
        listener.accept()[0].close()
        assert select.select([], [client], [], 20)[1]
        assert client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0


def test_a_connection_that_cannot_be_begun_is_said(address: Address) -> None:
    with pytest.raises(AddressError, match="nobody is listening there"):
        start_connecting(address)


def test_beginning_at_a_full_backlog_is_said_at_once(address: Address) -> None:
    with full(address), pytest.raises(AddressError, match="no answer in time"):
        start_connecting(address)


@pytest.mark.parametrize("how", [lambda address: connect(address, 5), start_connecting], ids=["connect", "begin"])
def test_a_machine_without_ports_is_not_the_servers_fault(
    how: Callable[[Address], socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    with listening(Address.parse("127.0.0.1:0"), Settings()) as listener:
        address = Address.of(listener)
        monkeypatch.setattr(socket.socket, "connect", lambda *_: raise_errno(errno.EADDRNOTAVAIL))
        with pytest.raises(NoPortLeft, match="no local port left"):
            how(address)


def raise_errno(number: int) -> None:
    raise OSError(number, os.strerror(number))
