"""The client: it accepts only the exact reply, and waits for nothing without a deadline."""

import contextlib
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from upecho.conformance.harness.clients import client
from upecho.conformance.harness.clients.client import MAX_FLOOD_BYTES, Client
from upecho.conformance.harness.clients.connection import End
from upecho.conformance.harness.clients.expected_bytes import Block
from upecho.conformance.harness.servers.server import Server
from upecho.conformance.harness.violation import Log, Violation
from upecho.net import connecting
from upecho.net.address import Address

Script = Callable[[socket.socket], object]


@pytest.fixture
def client_of(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Script], Client]]:
    """Return a client of a server that runs a script with its one connection, which it keeps open."""
    monkeypatch.setenv("UPECHO_DEADLINE_SCALE", "0.1")
    opened: list[socket.socket | Client] = []
    threads: list[threading.Thread] = []

    def client_of(script: Script) -> Client:
        listener = socket.create_server(("127.0.0.1", 0))
        client = Client(connecting.connect(Address.of(listener), 1), Log(), "client 1")
        connection, _ = listener.accept()
        opened.extend([listener, connection, client])
        threads.append(threading.Thread(target=script, args=(connection,)))
        threads[-1].start()
        return client

    yield client_of
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
        (lambda _: None, "none for 0.5 s; 0 bytes received, 5 missing"),
        (answer(b"HEL"), "none for 0.5 s; 3 bytes received, 2 missing"),
        (answer(b"HElLO"), "b'lLO'"),
        (answer(b"HELLO!"), "surplus bytes …b'!' at byte 5"),
        (lambda connection: connection.shutdown(socket.SHUT_WR), "FIN after 0 bytes"),
        (answer(b"HELL"), "none for 0.5 s; 4 bytes received, 1 missing"),
        (reset, "RST after 0 bytes"),
    ],
)
def test_wrong_reply_is_a_violation(client_of: Callable[[Script], Client], script: Script, seen: str) -> None:
    client = client_of(script)
    with pytest.raises(Violation) as violation:
        client.exchange(b"hello")
    assert seen in violation.value.seen


def test_correct_reply_is_accepted(client_of: Callable[[Script], Client]) -> None:
    client_of(answer(b"HELLO")).exchange(b"hello")


def test_surplus_bytes_after_the_reply_are_a_violation(client_of: Callable[[Script], Client]) -> None:
    def script(connection: socket.socket) -> None:
        connection.recv(1)
        connection.sendall(b"X")
        connection.recv(1)
        connection.sendall(b"more")

    client = client_of(script)
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
def test_end_of_the_connection_is_recognised(client_of: Callable[[Script], Client], script: Script, end: End) -> None:
    assert client_of(script).wait_for_end(0.2) is end


def test_reset_instead_of_fin_is_a_violation(client_of: Callable[[Script], Client]) -> None:
    client = client_of(reset)
    client.send(b"x")
    with pytest.raises(Violation, match="RST"):
        client.expect_fin()


def test_open_connection_instead_of_fin_is_a_violation(client_of: Callable[[Script], Client]) -> None:
    with pytest.raises(Violation, match="expected FIN, saw still open"):
        client_of(lambda _: None).expect_fin()


def test_server_that_stops_reading_is_a_violation(client_of: Callable[[Script], Client]) -> None:
    with pytest.raises(Violation, match="expected progress"):
        client_of(lambda _: None).send(bytes(64 << 20))


def test_singular_is_used_for_one_byte(client_of: Callable[[Script], Client]) -> None:
    def script(connection: socket.socket) -> None:
        connection.sendall(connection.recv(1).upper())
        connection.shutdown(socket.SHUT_WR)

    client = client_of(script)
    client.exchange(b"x")
    with pytest.raises(Violation, match=r"saw FIN after 1 byte$"):
        client.exchange(b"x")


def test_missing_listener_is_a_violation() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = Address.of(listener)
    with pytest.raises(Violation, match="no server is listening"):
        Server(address).connect()


def receive_available(sock: socket.socket) -> int:
    sock.setblocking(False)
    received = 0
    with contextlib.suppress(BlockingIOError):
        while data := sock.recv(1 << 20):
            received += len(data)
    return received


@pytest.mark.parametrize("readings", [0, 3])
def test_busy_server_is_not_stalled_yet(readings: int) -> None:
    ours, theirs = socket.socketpair()
    busy_readings = iter([True] * readings + [False])

    def is_busy() -> bool:
        busy = next(busy_readings)
        if busy:
            receive_available(theirs)
        return busy

    with ours, theirs:
        sent = Client(ours, Log(), "client 1", is_busy=is_busy).stall(1 << 30, seconds=0.01)
        left = receive_available(theirs)
    assert sent == left * (readings + 1)


def test_wait_for_a_busy_server_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "MAX_BUSY_SECONDS", 0.1)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert 0 < Client(ours, Log(), "client 1", is_busy=lambda: True).stall(1 << 30, seconds=0.01) < 1 << 30


def test_data_has_arrived_when_the_kernel_of_the_server_has_it(client_of: Callable[[Script], Client]) -> None:
    client = client_of(lambda _: None)
    client.send(b"unread")
    assert client.wait_until_arrived(5)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows what is acknowledged")
def test_data_has_not_arrived_while_it_waits_for_the_server_to_read(client_of: Callable[[Script], Client]) -> None:
    client = client_of(lambda _: None)
    client.stall(1 << 26)
    assert not client.wait_until_arrived(0.1)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a program choose the signal")
def test_kernel_signals_a_process_group_until_told_otherwise(client_of: Callable[[Script], Client]) -> None:
    client = client_of(answer(b"HELLO"))
    with subprocess.Popen(["sleep", "60"], process_group=0) as sleeper:
        client.signal_on_arrival(signal.SIGTERM, sleeper.pid)
        client.exchange(b"hello")
        assert sleeper.wait() == -signal.SIGTERM
    client = client_of(answer(b"HELLO"))
    with subprocess.Popen(["sleep", "60"], process_group=0) as sleeper:
        client.signal_on_arrival(signal.SIGTERM, sleeper.pid)
        client.signal_nobody()
        client.exchange(b"hello")
        sleeper.kill()
        assert sleeper.wait() == -signal.SIGKILL


def test_client_counts_what_is_answered(client_of: Callable[[Script], Client]) -> None:
    client = client_of(answer(b"HEL"))
    client.send_some(b"hello")
    client.wait_for_reply()
    client.compare_received()
    assert (client.received, client.in_flight) == (3, 2)


def test_flood_is_bounded_although_the_server_reads_everything(client_of: Callable[[Script], Client]) -> None:
    def script(connection: socket.socket) -> None:
        with contextlib.suppress(OSError):  # the test ends with data in flight
            while connection.recv(1 << 20):
                pass

    client, block = client_of(script), Block(bytes(1 << 16))
    while client.in_flight < MAX_FLOOD_BYTES:
        client.pump(block)
    for _ in range(100):
        client.pump(block)
    assert client.in_flight < MAX_FLOOD_BYTES + len(block.data)


def test_flood_goes_on_as_soon_as_a_reply_arrives(client_of: Callable[[Script], Client]) -> None:
    answered = threading.Event()

    def script(connection: socket.socket) -> None:
        received = 0
        while received < MAX_FLOOD_BYTES:
            received += len(connection.recv(1 << 20))
        connection.sendall(bytes(1 << 16))
        answered.set()

    client, block = client_of(script), Block(bytes(1 << 16))
    while not answered.is_set():
        client.pump(block)
    while not client.received:
        client.pump(block)
    client.pump(block)
    assert client.received + client.in_flight > MAX_FLOOD_BYTES
