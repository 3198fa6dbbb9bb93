"""Ending connections at the stop, also where a shutdown discards what has arrived or refuses to end the rest."""

import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from upecho.servers.shared import stopping, unread

SECONDS = 20.0

Eventually = Callable[[Callable[[], object]], None]


@pytest.fixture
def pair(clients: ExitStack) -> tuple[socket.socket, socket.socket]:
    """The client's end and the server's end of a connection."""
    ours, theirs = map(clients.enter_context, socket.socketpair())
    theirs.settimeout(SECONDS)
    return ours, theirs


@pytest.fixture
def discards(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system on which a shutdown discards what has arrived."""
    monkeypatch.setattr(stopping, "KEEPS_UNREAD", False)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Collects what each look at a connection has found; a thread of its own looks."""
    found: list[bool] = []
    is_read = unread._is_read

    def look(connection: socket.socket) -> bool:
        found.append(is_read(connection))
        return found[-1]

    monkeypatch.setattr(unread, "_watched", [])
    monkeypatch.setattr(unread, "_is_read", look)
    return found


def is_at_end(connection: socket.socket) -> bool:
    """Whether end of file follows at once on what has arrived."""
    connection.setblocking(False)
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False


@pytest.mark.usefixtures("discards")
def test_connection_is_ended_once_everything_is_read(
    pair: tuple[socket.socket, socket.socket],
    looks: list[bool],
    *,
    eventually: Eventually,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended: list[int] = []
    shutdown = socket.socket.shutdown

    def note(connection: socket.socket, how: int) -> None:
        ended.append(how)
        shutdown(connection, how)

    monkeypatch.setattr(socket.socket, "shutdown", note)
    client, server = pair
    client.sendall(b"early")
    stopping.end_reading(server)
    eventually(lambda: looks.count(False) > 1)
    assert server.recv(4) == b"earl"
    eventually(lambda: looks.count(False) > 3)
    assert not ended
    assert server.recv(4) == b"y"
    eventually(lambda: is_at_end(server))
    assert ended == [socket.SHUT_RD]


@pytest.mark.usefixtures("discards", "looks")
def test_connection_is_ended_while_another_is_not_read(clients: ExitStack, eventually: Eventually) -> None:
    pairs = [socket.socketpair() for _ in range(2)]
    for client, server in pairs:
        clients.enter_context(client).sendall(b"early")
        stopping.end_reading(clients.enter_context(server))
    (_, unread_server), (_, server) = pairs
    assert server.recv(5) == b"early"
    eventually(lambda: is_at_end(server))
    assert unread_server.recv(5) == b"early"


@pytest.mark.usefixtures("discards")
def test_connection_without_unread_data_is_ended_at_once(pair: tuple[socket.socket, socket.socket]) -> None:
    stopping.end_reading(pair[1])
    assert is_at_end(pair[1])


@pytest.mark.usefixtures("discards")
def test_connection_is_ended_at_once_if_no_thread_can_wait(
    pair: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    monkeypatch.setattr(unread, "_watched", [])
    pair[0].sendall(b"early")
    stopping.end_reading(pair[1])
    assert pair[1].recv(6) + pair[1].recv(1) == b"early"


def test_handler_that_sends_is_woken_by_a_hard_end_after_reading_has_ended(
    pair: tuple[socket.socket, socket.socket], eventually: Eventually
) -> None:
    failed = threading.Event()

    def send() -> None:
        try:
            pair[1].sendall(bytes(50_000_000))
        except OSError:
            failed.set()

    handler = threading.Thread(target=send)
    handler.start()
    stopping.end_reading(pair[1])
    stopping.end_hard(pair[1])
    handler.join(SECONDS)
    assert failed.is_set()


def test_each_direction_is_ended_by_a_call_of_its_own(
    pair: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[int] = []
    monkeypatch.setattr(socket.socket, "shutdown", lambda one, how: ended.append(how))
    stopping.end_hard(pair[1])
    assert ended == [socket.SHUT_RD, socket.SHUT_WR]
