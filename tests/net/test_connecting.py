"""Connecting: at once, after waiting for room, or not at all, with a reason."""

import contextlib
import errno
import os
import re
import select
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from upecho.net import connecting
from upecho.net.address import Address
from upecho.net.connecting import connect, start_connecting
from upecho.serving.listener import listening
from upecho.serving.settings import Settings
from upecho.support.errors import AddressError, NoPortLeft


@contextlib.contextmanager
def full(address: Address) -> Iterator[socket.socket]:
    """A listener whose backlog is full."""
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


def test_tcp_connection_has_nodelay() -> None:
    loopback = Address.parse("127.0.0.1:0")
    with listening(loopback, Settings()) as listener, connect(Address.of(listener), 5) as client:
        assert client.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize("text", ["127.0.0.1:1", "unix:/no/such/path"])
def test_missing_listener_is_reported(text: str) -> None:
    with pytest.raises(AddressError, match=f"cannot connect to {text}: no server is listening there"):
        connect(Address.parse(text), 5)


@pytest.mark.parametrize("how", [lambda address: connect(address, 5), start_connecting], ids=["connect", "start"])
def test_address_that_a_name_resolves_to_is_reported(
    how: Callable[[Address], socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: [(socket.AF_INET, 0, 0, "", ("127.0.0.9", 1))])
    monkeypatch.setattr(socket.socket, "connect", lambda *_: raise_errno(errno.ECONNREFUSED))
    expected = (
        "cannot connect to localhost:1: no server is listening there (tried 127.0.0.9:1); "
        "write [localhost]:1 for an address of the other IP version"
    )
    with pytest.raises(AddressError, match=f"^{re.escape(expected)}$"):
        how(Address.parse("localhost:1"))


@pytest.mark.parametrize("text", ["127.0.0.1:1", "127.1:1", "[::1]:1", "[0:0::1]:1"])
def test_numeric_address_is_not_repeated(text: str) -> None:
    with pytest.raises(AddressError) as raised:
        connect(Address.parse(text), 5)
    assert "tried" not in str(raised.value)


def test_connect_waits_for_room_in_the_backlog(address: Address) -> None:
    with full(address) as listener:
        waiting = threading.Thread(target=lambda: connect(address, 20).close())
        waiting.start()
        listener.accept()[0].close()
        listener.accept()[0].close()
        waiting.join(20)
        assert not waiting.is_alive()


def test_connect_times_out_at_a_full_backlog(address: Address) -> None:
    with full(address), pytest.raises(AddressError, match="no answer in time"):
        connect(address, 0.05)


def test_path_without_a_listener_is_reported(directory: Path) -> None:
    (directory / "s").touch()
    with pytest.raises(AddressError, match="no server is listening there"):
        connect(Address.parse(f"unix:{directory}/s"), 5)


def test_start_connecting_does_not_wait(address: Address) -> None:
    with listening(address, Settings()) as listener, start_connecting(address) as client:
        assert not client.getblocking()
        with listener.accept()[0] as connection:
            connection.sendall(b"x")
            assert client.recv(1) == b"x"


def test_started_connection_completes() -> None:
    loopback = Address.parse("127.0.0.1:0")
    with listening(loopback, Settings()) as listener, start_connecting(Address.of(listener)) as client:
        listener.accept()[0].close()
        assert select.select([], [client], [], 20)[1]
        assert client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0


def test_start_connecting_without_a_listener_is_reported(address: Address) -> None:
    with pytest.raises(AddressError, match="no server is listening there"):
        start_connecting(address)


def test_start_connecting_at_a_full_backlog_fails_at_once(address: Address) -> None:
    with full(address), pytest.raises(AddressError, match="no answer in time"):
        start_connecting(address)


@pytest.mark.parametrize("how", [lambda address: connect(address, 5), start_connecting], ids=["connect", "start"])
def test_missing_local_port_is_not_an_address_error(
    how: Callable[[Address], socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    with listening(Address.parse("127.0.0.1:0"), Settings()) as listener:
        address = Address.of(listener)
        monkeypatch.setattr(socket.socket, "connect", lambda *_: raise_errno(errno.EADDRNOTAVAIL))
        with pytest.raises(NoPortLeft, match="no local port left"):
            how(address)


def raise_errno(number: int) -> None:
    raise OSError(number, os.strerror(number))


def refuse_when_full(client: socket.socket, name: str) -> None:
    """Connect as on macOS and the BSDs, where a full queue refuses connections."""
    client.setblocking(False)
    try:
        super(socket.socket, client).connect(name)
    except BlockingIOError:
        raise_errno(errno.ECONNREFUSED)
    client.setblocking(True)


def test_client_waits_for_room_where_a_full_queue_refuses(address: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "WAITS_FOR_ROOM", False)
    monkeypatch.setattr(connecting, "ROOM_SECONDS", 20.0)
    refused = threading.Event()

    def connect_once(client: socket.socket, name: str) -> None:
        try:
            refuse_when_full(client, name)
        except ConnectionRefusedError:
            refused.set()
            raise

    with full(address) as listener:
        monkeypatch.setattr(socket.socket, "connect", connect_once)

        def make_room() -> None:
            refused.wait(20)
            listener.accept()[0].close()

        thread = threading.Thread(target=make_room)
        thread.start()
        connect(address, 20).close()
        thread.join()
    assert refused.is_set()


def test_refusal_is_reported_with_both_reasons_where_a_full_queue_refuses(
    address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecting, "WAITS_FOR_ROOM", False)
    monkeypatch.setattr(connecting, "ROOM_SECONDS", 0.02)
    with full(address):
        monkeypatch.setattr(socket.socket, "connect", refuse_when_full)
        with pytest.raises(AddressError, match="no server is listening there, or its queue is full"):
            connect(address, 5)
