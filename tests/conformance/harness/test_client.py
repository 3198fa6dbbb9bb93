"""The client: it owes nothing to the server's good will, and no silence, reset or surplus passes for an answer."""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator

import pytest

from upecho.conformance.harness import client
from upecho.conformance.harness.client import Client, End
from upecho.conformance.harness.server import Server
from upecho.conformance.harness.violation import Log, Violation
from upecho.net import connecting
from upecho.net.address import Address

Script = Callable[[socket.socket], object]


@pytest.fixture
def wire_to(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Script], Client]]:
    """Return a client to a server that does as the script says with its one connection, and keeps it open."""
    monkeypatch.setenv("UPECHO_DEADLINE_SCALE", "0.1")
    opened: list[socket.socket | Client] = []
    threads: list[threading.Thread] = []

    def wire_to(script: Script) -> Client:
        listener = socket.create_server(("127.0.0.1", 0))
        client = Client(connecting.connect(Address.of(listener), 1), Log(), "client 1")
        connection, _ = listener.accept()
        opened.extend([listener, connection, client])
        threads.append(threading.Thread(target=script, args=(connection,)))
        threads[-1].start()
        return client

    yield wire_to
    for one in opened:
        one.close()
    for thread in threads:
        thread.join()


def reset(connection: socket.socket) -> None:
    connection.recv(1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def answer(data: bytes) -> Script:
    return lambda connection: connection.sendall(data) if connection.recv(100) else None


@pytest.mark.parametrize(
    ("script", "seen"),
    [
        (lambda _: None, "none for 0.5 s; 0 bytes received, 5 bytes are owed"),
        (answer(b"HEL"), "none for 0.5 s; 3 bytes received, 2 bytes are owed"),
        (answer(b"HElLO"), "b'lLO'"),
        (answer(b"HELLO!"), "surplus bytes …b'!' at byte 5"),
        (lambda connection: connection.shutdown(socket.SHUT_WR), "FIN after 0 bytes"),
        (answer(b"HELL"), "none for 0.5 s; 4 bytes received, 1 byte is owed"),
        (reset, "RST after 0 bytes"),
    ],
)
def test_an_exchange_sees_what_is_wrong(wire_to: Callable[[Script], Client], script: Script, seen: str) -> None:
    client = wire_to(script)
    with pytest.raises(Violation) as violation:
        client.exchange(b"hello")
    assert seen in violation.value.seen


def test_an_exchange_accepts_the_right_answer(wire_to: Callable[[Script], Client]) -> None:
    wire_to(answer(b"HELLO")).exchange(b"hello")


def test_surplus_bytes_after_the_answer_are_seen(wire_to: Callable[[Script], Client]) -> None:
    def script(connection: socket.socket) -> None:
        connection.recv(1)
        connection.sendall(b"X")
        connection.recv(1)
        connection.sendall(b"more")

    client = wire_to(script)
    client.exchange(b"x")
    client.half_close()
    client.wait_for_reply()
    with pytest.raises(Violation, match="surplus bytes"):
        client.expect_open(0.3)


@pytest.mark.parametrize(
    ("script", "end"),
    [
        (lambda _: None, End.NOT_YET),
        (lambda connection: connection.shutdown(socket.SHUT_WR), End.FIN),
    ],
)
def test_the_ends_are_told_apart(wire_to: Callable[[Script], Client], script: Script, end: End) -> None:
    assert wire_to(script).wait_for_end(0.2) is end


def test_a_reset_is_no_fin(wire_to: Callable[[Script], Client]) -> None:
    client = wire_to(reset)
    client.send(b"x")
    with pytest.raises(Violation, match="RST"):
        client.expect_fin()


def test_a_connection_that_stays_open_has_not_ended(wire_to: Callable[[Script], Client]) -> None:
    with pytest.raises(Violation, match="expected FIN, saw still open"):
        wire_to(lambda _: None).expect_fin()


def test_a_server_that_stops_reading_is_seen(wire_to: Callable[[Script], Client]) -> None:
    with pytest.raises(Violation, match="expected progress"):
        wire_to(lambda _: None).send(bytes(64 << 20))


def test_one_byte_is_not_many(wire_to: Callable[[Script], Client]) -> None:
    def script(connection: socket.socket) -> None:
        connection.sendall(connection.recv(1).upper())
        connection.shutdown(socket.SHUT_WR)

    client = wire_to(script)
    client.exchange(b"x")
    with pytest.raises(Violation, match=r"saw FIN after 1 byte$"):
        client.exchange(b"x")


def test_nobody_listening_is_a_violation() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = Address.of(listener)
    with pytest.raises(Violation, match="nobody is listening"):
        Server(address).connect()


def take_all_there_is(sock: socket.socket) -> int:
    sock.setblocking(False)
    taken = 0
    with contextlib.suppress(BlockingIOError):
        while data := sock.recv(1 << 20):
            taken += len(data)
    return taken


@pytest.mark.parametrize("turns", [0, 3])
def test_a_server_that_is_not_let_run_is_not_clogged_yet(turns: int) -> None:
    ours, theirs = socket.socketpair()
    looks = iter([True] * turns + [False])

    def is_busy() -> bool:
        busy = next(looks)
        if busy:
            take_all_there_is(theirs)
        return busy

    with ours, theirs:
        sent = Client(ours, Log(), "client 1", is_busy).stall(1 << 30, seconds=0.01)
        left = take_all_there_is(theirs)
    assert sent == left * (turns + 1)


def test_a_server_that_spins_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "BUSY_SECONDS", 0.1)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert 0 < Client(ours, Log(), "client 1", lambda: True).stall(1 << 30, seconds=0.01) < 1 << 30
