"""Tells whether a server lets its kernel hold back small replies: Nagle's algorithm.

Theory of operation
===================

The algorithm holds back a small segment for as long as an earlier one is not acknowledged. How long that takes is up to
the kernel of the client, which acknowledges after 40 ms at most and with everything that the client sends, so the delay
depends on chance. Here nothing depends on it. The kernel of the client drops all that arrives, hence acknowledges
nothing, and the send queue of the server shows whether its second small reply was sent nevertheless.

A server may send each byte in a segment of its own, and TCP sends only ten segments without an acknowledgement. So both
replies together are shorter than that.

After 200 ms without an acknowledgement, TCP sends a part of what it holds back and reduces its congestion window, so
what is seen for the first time after that shows nothing: neither that a reply is held back nor that it was sent.
"""

import time

from upecho.conformance.harness.clients.client import Client
from upecho.conformance.harness.clients.connection import TIMEOUT_SECONDS
from upecho.conformance.harness.violation import Violation, precondition
from upecho.net import sock_diag
from upecho.net.peer_queue import SendQueue
from upecho.support import timeouts

PIECE = b"abcd"  # twice as many bytes are fewer than the segments of the smallest initial window: 10, RFC 6928
HELD_SECONDS = 0.1  # a server that fills a segment with several calls releases it sooner
SHOWN_SECONDS = 0.15  # less than the smallest retransmission timeout of Linux
RETRANSMISSION_SECONDS = 0.2  # that timeout: TCP_RTO_MIN
POLL_INTERVAL_SECONDS = 0.001


def lacking() -> str:
    """Return that this system does not show the send queue of any server; empty if it may."""
    return "" if sock_diag.AVAILABLE else "this system does not show the send queue of a server"


def is_shown(client: Client) -> bool:
    """Return whether this system shows the send queue of the server."""
    return client.send_queue_of_server() is not None


def holds_back(client: Client) -> bool | None:
    """Send two small messages, and return whether the second reply is held back until the first is acknowledged.

    Args:
        client: A client that is connected and has exchanged nothing yet.

    Returns:
        The answer, or None if the server took so long that nothing can be told.
    """
    with precondition("replies to small messages"):
        client.exchange(PIECE)
        with client.dropping_arrivals():
            began = time.monotonic()
            client.send(PIECE)
            _wait_until_written(client, len(PIECE))
            client.send(PIECE)
            queue = _wait_until_written(client, 2 * len(PIECE))
            is_telling = time.monotonic() - began < SHOWN_SECONDS
            held = queue.unsent > 0
            if held and not _stays_unsent(client):
                held, is_telling = False, is_telling and time.monotonic() - began < RETRANSMISSION_SECONDS
        client.exchange(PIECE)  # its acknowledgements tell the server which replies were dropped
    return held if is_telling else None


def _wait_until_written(client: Client, size: int) -> SendQueue:
    """Wait until the server has written replies of a size in bytes; return its send queue."""
    deadline = time.monotonic() + timeouts.scaled(TIMEOUT_SECONDS)
    while (queue := client.send_queue_of_server()) is None or queue.written < size:
        if queue is None or time.monotonic() > deadline:
            written = f"{queue.written} bytes written" if queue else "the end of the connection"
            raise Violation(f"replies of {size} bytes", written)
        time.sleep(POLL_INTERVAL_SECONDS)
    return queue


def _stays_unsent(client: Client) -> bool:
    """Return whether a part of what the server has written stays unsent for a while."""
    deadline = time.monotonic() + HELD_SECONDS
    while time.monotonic() < deadline:
        time.sleep(POLL_INTERVAL_SECONDS)
        queue = client.send_queue_of_server()
        if queue is None or not queue.unsent:
            return False
    return True
