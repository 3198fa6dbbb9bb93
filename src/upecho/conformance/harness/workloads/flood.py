"""Keeps a server busy without a gap, to find out whether it accepts a new client although it always has work to do.

Theory of operation
===================

A process that only sends cannot be certain to send faster than the server answers, least of all on a busy machine. So
the server works in turns. While it is suspended, the clients read their replies and send the next messages. While it
runs, the kernel suspends it again as soon as a reply to one of them arrives: a socket can have a signal sent to another
process whenever data arrives (F_SETSIG in fcntl(2)), and here that signal is SIGSTOP. A server with one thread stops in
the very call that sends the reply, however little processor time this process gets.

When one client is answered, others still wait for their replies, so the server has had something to read at every
moment of the turn. If more clients are answered than the server has processes, or if none waits any more, the signal
came late or not at all. Then the turn proves nothing, and another new client is tried.

A server that reads from one connection until it is empty would never turn to another one. So a client that has had more
replies than most of the others sends nothing until they have caught up.

Work is counted in messages that each of the clients has had answered, so a slow machine cannot cause an accusation. A
server that leaves the new client out must also answer it once the others are silent: otherwise it has another defect.

A server with several threads, or with a process for each client, cannot be judged in this way. The operating system,
and in Python the global interpreter lock, decides which of its threads runs next. Where a server is suspended after
every reply, the thread that accepts may not run for a long time, although nothing is wrong with the server. For such a
server there is a flood without any suspension. It is weaker, because the server may be idle now and then. The same goes
for a server that seems to leave out the new client and has a second process: one process may accept for another, and it
may be suspended, time after time, before it has had its turn.
"""

import contextlib
import enum
import select
import signal
import time
from collections.abc import Iterator, Sequence

from upecho.conformance.harness.clients.client import Client
from upecho.conformance.harness.clients.connection import IN, TIMEOUT_SECONDS
from upecho.conformance.harness.clients.expected_bytes import Block
from upecho.conformance.harness.servers.server import Server
from upecho.conformance.harness.violation import Unsupported, Violation, precondition
from upecho.support import timeouts

MESSAGE = b"m"  # one byte, which no server answers in several pieces
BLOCK = Block(bytes(1000))
LEAD = 1  # message by which a client may be ahead; with a server that serves one after another, none is further ahead
ROUNDS = 10  # messages of every client; a server that accepts at all does so within one or two
LEAST_SECONDS = 1.5  # longer than servers wait that stop accepting for a while, such as asyncio, which waits 1 s
MOST_SECONDS = 8.0
SETTLING_SECONDS = 0.01  # for replies that the kernel of a suspended server still delivers


class Finding(enum.Enum):
    """What became of a new client."""

    SERVED = "answered while the others kept the server busy"
    LEFT_OUT = "answered only once the others were silent"
    UNPROVED = "perhaps answered at a moment at which the server had nothing else to do"
    THREADS = "not judged, because the server has several threads"


class Flood:
    """Clients that have been served before and keep a server busy from now on."""

    def __init__(self, server: Server, clients: Sequence[Client]) -> None:
        """Prepare the flood.

        Args:
            server: The server.
            clients: At least two clients that have been served, and for which the server has nothing left to do.
        """
        self._server = server
        self._clients = clients
        self._poll = select.poll()
        for client in clients:
            self._poll.register(client, IN)

    def try_new_client(self) -> Finding:
        """Let a new client connect and send during a flood, which ends when it is clear what becomes of that client.

        Raises:
            NotReached: The server does not answer the other clients, or not even the new one when they are silent.
            Unsupported: The server is too slow to be judged.
        """
        if self._has_threads():
            return Finding.THREADS
        with self._stopping_server():
            with self._server.paused(), precondition("a connection to the suspended server"):
                newcomer = self._server.connect()
                newcomer.send_some(MESSAGE)
                self._send()
            with precondition("answers to the clients that keep the server busy"):
                finding = self._run_turns(newcomer)
        with precondition("an answer to each client after the flood"):
            for client in (*self._clients, newcomer):
                client.receive()
        newcomer.close()
        return finding

    def response_seconds(self) -> float:
        """Return how long a new client waits for its reply during a flood in which the server is never suspended."""
        newcomer = self._server.connect()
        seconds = newcomer.response_seconds(MESSAGE, self._pump)
        for client in self._clients:
            client.receive()
        return seconds

    def _pump(self) -> None:
        for client in self._clients:
            client.pump(BLOCK)

    @contextlib.contextmanager
    def _stopping_server(self) -> Iterator[None]:
        """Suspend the server whenever a reply arrives, and let it run in the end."""
        group = self._server.process.serving_group()
        try:
            for client in self._clients:
                client.signal_on_arrival(signal.SIGSTOP, group)
            yield
        finally:
            for client in self._clients:
                client.signal_nobody()
            with self._server.paused():  # it may be about to stop, and continues afterwards
                pass

    def _has_threads(self) -> bool:
        threads = self._server.process.thread_counts()
        return max(threads, default=0) > 1 or sum(threads) >= len(self._clients)

    def _run_turns(self, newcomer: Client) -> Finding:
        began, already = time.monotonic(), self._answered_rounds()
        processes = len(self._server.process.thread_counts())
        while True:
            self._wait_for_reply()
            with self._server.paused():
                replies = self._receive()
                if is_served := newcomer.is_answered(0):
                    time.sleep(SETTLING_SECONDS)
                    replies += self._receive()
                if replies > processes or not self._is_waiting():
                    return Finding.UNPROVED
                if is_served:
                    return Finding.SERVED
                rounds, seconds = self._answered_rounds() - already, time.monotonic() - began
                if _is_over(rounds, seconds):
                    if processes > 1 or self._has_threads():  # some start a thread for each message
                        return Finding.THREADS
                    if rounds < ROUNDS:
                        raise Unsupported(
                            f"the server answers only {rounds} messages of each client in {seconds:.0f} s"
                        )
                    return Finding.LEFT_OUT
                self._send()

    def _wait_for_reply(self) -> None:
        timeout = timeouts.scaled(TIMEOUT_SECONDS)
        if not self._poll.poll(timeout * 1000):
            raise Violation(f"a reply to one of {len(self._clients)} clients", f"none for {timeout:g} s")

    def _receive(self) -> int:
        """Receive the replies that have arrived, and return their number."""
        before = sum(client.received for client in self._clients)
        for client in self._clients:
            client.compare_received()
        return sum(client.received for client in self._clients) - before

    def _send(self) -> None:
        """Send for each client that is not too far ahead, which at least two clients are not."""
        _, second, *_ = sorted(client.received for client in self._clients)
        for client in self._clients:
            if not client.in_flight and client.received <= second + LEAD:
                client.send_some(MESSAGE)

    def _is_waiting(self) -> bool:
        """Return whether the server, which is suspended, had something left to do."""
        return any(client.in_flight for client in self._clients)

    def _answered_rounds(self) -> int:
        """Return the number of messages that have been answered for each client, at least."""
        return min(client.received for client in self._clients)


def _is_over(rounds: int, seconds: float) -> bool:
    """Return whether a server that has not answered the new client so far had its chance.

    Args:
        rounds: Number of messages of every client that it has answered in the meantime.
        seconds: Seconds since the new client connected.
    """
    had_enough_turns = rounds >= ROUNDS and seconds > timeouts.at_least(LEAST_SECONDS)
    return had_enough_turns or seconds > timeouts.at_least(MOST_SECONDS)
