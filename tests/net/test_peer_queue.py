"""Tests of what the kernel shows of the other end of a connection: what is sent, what is held back, and for whom."""

import socket
import time
from collections.abc import Iterator

import pytest

from upecho.net import sock_diag
from upecho.net.peer_queue import SendQueue, accept_arrivals, drop_arrivals, send_queue_of_peer

LOOPBACKS = [(socket.AF_INET, "127.0.0.1", "127.0.0.1"), (socket.AF_INET6, "::1", "::1")]
BOTH_VERSIONS = (socket.AF_INET6, "::", "127.0.0.1")  # the other end is a socket of IPv6, with an IPv4 address
SETTLED_SECONDS = 2.0

Pair = tuple[socket.socket, socket.socket]

pytestmark = pytest.mark.skipif(
    not sock_diag.AVAILABLE, reason="only Linux shows the send queue of the other end of a connection"
)


@pytest.fixture(params=[*LOOPBACKS, BOTH_VERSIONS], ids=["inet", "inet6", "mapped"])
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    """Return a client that sends at once, and the other end of its connection."""
    version, bound, connected = request.param
    with socket.socket(version, socket.SOCK_STREAM) as listener:
        if version == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(bound != "::"))
        listener.bind((bound, 0))
        listener.listen()
        client = socket.create_connection((connected, listener.getsockname()[1]))
        other, _ = listener.accept()
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with client, other:
        yield client, other


def queue_after_two_writes(pair: Pair, *, no_delay: bool) -> SendQueue | None:
    """Let the other end write twice while the client acknowledges nothing; return its send queue."""
    client, other = pair
    other.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, no_delay)
    drop_arrivals(client)
    other.send(b"first")
    other.send(b"second")
    return send_queue_of_peer(client)


def test_nothing_is_queued_at_first(pair: Pair) -> None:
    assert send_queue_of_peer(pair[0]) == SendQueue(written=0, unsent=0)


def test_small_write_is_held_back_by_nagles_algorithm(pair: Pair) -> None:
    assert queue_after_two_writes(pair, no_delay=False) == SendQueue(written=11, unsent=6)


def test_small_write_is_sent_at_once_without_nagles_algorithm(pair: Pair) -> None:
    assert queue_after_two_writes(pair, no_delay=True) == SendQueue(written=11, unsent=0)


def test_dropped_bytes_arrive_later(pair: Pair) -> None:
    client, other = pair
    queue_after_two_writes(pair, no_delay=True)
    accept_arrivals(client)
    other.send(b"third")
    client.settimeout(None)
    assert client.recv(16, socket.MSG_WAITALL) == b"firstsecondthird"


def test_connection_that_has_ended_shows_nothing(pair: Pair) -> None:
    client, other = pair
    drop_arrivals(client)
    other.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    other.close()
    deadline = time.monotonic() + SETTLED_SECONDS
    while send_queue_of_peer(client) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert send_queue_of_peer(client) is None


def test_kernel_without_such_sockets_shows_nothing(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sock_diag, "SOCK_DIAG", 31)  # no protocol has the last number
    assert send_queue_of_peer(pair[0]) is None
