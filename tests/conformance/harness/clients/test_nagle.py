"""Nagle's algorithm is told from replies that are sent at once, slow replies, and replies that fill a segment."""

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from upecho.conformance.harness.clients import nagle
from upecho.conformance.harness.clients.client import Client
from upecho.conformance.harness.violation import Log, NotReached
from upecho.net import connecting, sock_diag
from upecho.net.address import Address

READ_BYTES = 1000
MAX_CLIENTS = 20
SLOW_SECONDS = 0.16  # two such replies take longer than a kernel waits for the first acknowledgement

Answer = Callable[[socket.socket, bytes], object]

pytestmark = pytest.mark.skipif(
    not sock_diag.AVAILABLE, reason="only Linux shows the send queue of the other end of a connection"
)


@pytest.fixture
def client_of(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Answer, bool], Client]]:
    """Return a client of a server that answers with a function, with or without Nagle's algorithm."""
    monkeypatch.setenv("UPECHO_DEADLINE_SCALE", "0.1")
    opened: list[socket.socket | Client] = []
    threads: list[threading.Thread] = []

    def client_of(answer: Answer, no_delay: bool) -> Client:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            client = Client(connecting.connect(Address.of(listener), 1), Log(), "client 1")
            connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, no_delay)
        opened.extend([client, connection])
        threads.append(threading.Thread(target=serve, args=(connection, answer)))
        threads[-1].start()
        return client

    yield client_of
    for client in opened[::2]:
        client.close()
    for thread in threads:
        thread.join()
    for connection in opened[1::2]:
        connection.close()


def serve(connection: socket.socket, answer: Answer) -> None:
    while data := connection.recv(READ_BYTES):
        answer(connection, data)


def answer_at_once(connection: socket.socket, data: bytes) -> None:
    connection.sendall(data.upper())


def answer_byte_by_byte(connection: socket.socket, data: bytes) -> None:
    for byte in data.upper():
        connection.send(bytes([byte]))


def answer_through_cork(connection: socket.socket, data: bytes) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
    answer_byte_by_byte(connection, data)
    time.sleep(0.01)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)


def answer_slowly(connection: socket.socket, data: bytes) -> None:
    time.sleep(SLOW_SECONDS)
    connection.sendall(data.upper())


def answer_two_of_three(connection: socket.socket, data: bytes) -> None:
    connection.sendall(data.upper())
    connection.sendall(connection.recv(READ_BYTES).upper())
    connection.recv(READ_BYTES)


def told(client_of: Callable[..., Client], answer: Answer, *, no_delay: bool) -> bool | None:
    """Return what is seen at the first client that shows anything; a busy machine may be too slow for several."""
    answers = (nagle.holds_back(client_of(answer, no_delay=no_delay)) for _ in range(MAX_CLIENTS))
    return next((one for one in answers if one is not None), None)


@pytest.mark.parametrize("answer", [answer_at_once, answer_byte_by_byte, answer_through_cork])
def test_reply_that_is_sent_at_once_is_not_held_back(client_of: Callable[..., Client], answer: Answer) -> None:
    assert told(client_of, answer, no_delay=True) is False


def test_replies_of_one_segment_for_each_byte_fit_into_the_first_window(client_of: Callable[..., Client]) -> None:
    def answer(connection: socket.socket, data: bytes) -> None:
        for byte in data.upper():
            connection.send(bytes([byte]))
            time.sleep(0.001)  # the kernel would join bytes that follow each other more quickly

    assert told(client_of, answer, no_delay=True) is False


@pytest.mark.parametrize("answer", [answer_at_once, answer_byte_by_byte])
def test_reply_that_waits_for_an_acknowledgement_is_held_back(client_of: Callable[..., Client], answer: Answer) -> None:
    assert told(client_of, answer, no_delay=False) is True


def test_reply_that_the_kernel_sends_again_shows_nothing(
    client_of: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A harness that is kept from its processor sees a held reply only after it was sent by the timer of TCP."""
    stays_unsent = nagle._stays_unsent

    def late(client: Client) -> bool:
        time.sleep(2 * nagle.RETRANSMISSION_SECONDS)
        return stays_unsent(client)

    monkeypatch.setattr(nagle, "_stays_unsent", late)
    assert nagle.holds_back(client_of(answer_at_once, no_delay=False)) is None


@pytest.mark.parametrize("no_delay", [True, False])
def test_slow_reply_shows_nothing(client_of: Callable[..., Client], no_delay: bool) -> None:
    assert nagle.holds_back(client_of(answer_slowly, no_delay=no_delay)) is None


def test_missing_reply_is_a_failed_precondition(client_of: Callable[..., Client]) -> None:
    with pytest.raises(NotReached, match="saw 4 bytes written"):
        nagle.holds_back(client_of(answer_two_of_three, no_delay=True))
