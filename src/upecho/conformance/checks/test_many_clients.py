"""Checks of many clients: each receives its own reply, however many there are at once or one after another."""

import time

from upecho.conformance.check import Level, check
from upecho.conformance.harness.clients.client import Client
from upecho.conformance.harness.servers.server import Server
from upecho.conformance.harness.violation import Unsupported, Violation, precondition
from upecho.conformance.harness.workloads.pace import paced
from upecho.net.backlog import backlog_limit
from upecho.support import timeouts
from upecho.support.text import plural

BURST = 200
BURST_SECONDS = 3.0
LEAST_BURST = 10  # fewer do not tell a backlog that is too short from the limit of the system
SLOW_BURST = 50  # for a server that takes long for each client
PACE_CLIENTS = 3
IDLE = 50
BEYOND_SELECT = 1100  # select() accepts descriptors below 1024
TURNS = 3
REUSES = 200
LEAST_REUSES = 20
REUSE_SECONDS = 2.0
MANY_SECONDS = 12.0
WAIT_SECONDS = 0.2
EXCHANGES = 11
CONNECT_STEP = 50


@check(Level.MUST, clients=100)
def test_hundred_clients(server: Server) -> None:
    """The server answers a hundred clients that are connected at the same time, each with its own bytes.

    Source: RFC 862: each connection is answered independently.
    """
    clients = server.connect_many(100)
    for turn in range(TURNS):
        for number, client in enumerate(clients):
            client.send(b"client %d, turn %d;" % (number, turn) * 100)
        # At first in the order of the queue: a server that accepts one client in each of its turns may need seconds to
        # reach the last one.
        for client in reversed(clients) if turn else clients:
            client.receive()


@check(Level.MUST, clients=IDLE + 1)
def test_idle_clients(server: Server) -> None:
    """The server answers a client while fifty others are connected and silent.

    Source: RFC 862: a connection lasts until the client ends it, and may be silent.
    """
    server.connect_many(IDLE)
    client = server.connect()
    for turn in range(EXCHANGES):
        client.exchange(b"client, turn %d" % turn)


@check(Level.MUST, clients=BEYOND_SELECT, seconds=0.3)
def test_beyond_fd_setsize(server: Server) -> None:
    """The server answers the last of 1100 clients that are connected at the same time.

    A server that starts a process for each client needs few descriptors in each of them, and is not checked.

    Source: select(2): it can monitor only descriptors below FD_SETSIZE (1024); poll(2) and epoll(7) can monitor more.
    """
    clients: list[Client] = []
    step = min(CONNECT_STEP, backlog_limit())
    processes = server.process_count()
    for number in paced(BEYOND_SELECT, least=step + 1, seconds=MANY_SECONDS):
        clients.append(server.connect())
        if number % step == 0:  # each step has a deadline of its own
            clients[-1].exchange(b"one of many")
        if number == step and server.process_count() >= processes + step:
            raise Unsupported("each client has a process of its own, which needs few descriptors")
    if len(clients) < BEYOND_SELECT:
        raise Unsupported(f"the server accepts only {len(clients)} clients in {MANY_SECONDS:g} s")
    clients[-1].exchange(b"the last")
    clients[0].exchange(b"the first")


@check(Level.MUST, limited=True)
def test_queue_beyond_max_clients(server: Server) -> None:
    """A client beyond the declared maximum waits, and the server answers it when another client leaves.

    Source: POSIX listen(): connections wait in the queue of the listener.
    """
    clients = server.connect_many(server.max_clients or 1)
    for client in clients:
        client.exchange(b"within the maximum")
    waiting = server.connect()
    waiting.send(b"beyond the maximum")
    waiting.is_answered(WAIT_SECONDS)  # an immediate reply is correct, too
    clients[0].close()
    waiting.receive()


@check(Level.SHOULD)
def test_connect_burst(server: Server) -> None:
    """The server answers two hundred clients, which connected at once while it was suspended, within 3 s.

    The system may admit fewer, and a slow server gets fewer clients and more time.

    Source: listen(2): the backlog; beyond it, a Unix socket refuses with EAGAIN and TCP retries after a second.
    """
    if (limit := backlog_limit()) < LEAST_BURST:
        raise Unsupported(f"this system lets at most {plural(limit, 'connection')} wait in a queue (somaxconn)")
    each = seconds_for_a_client(server)
    burst = min(limit, BURST, max(SLOW_BURST, int(BURST_SECONDS / each)))
    allowed = timeouts.at_least(BURST_SECONDS) + burst * each
    with server.paused():
        clients = [server.start_connecting() for _ in range(burst)]
    deadline = time.monotonic() + allowed
    for number, client in enumerate(clients):
        if not client.is_connected(deadline - time.monotonic()):
            raise too_late(number, "connected", burst=burst, allowed=allowed)
        client.send(b"number %d" % number)
    for number, client in enumerate(clients):
        if not client.is_answered(max(0, deadline - time.monotonic())):
            raise too_late(number, "answered", burst=burst, allowed=allowed)
        client.receive()
        client.close()


def too_late(count: int, what: str, *, burst: int, allowed: float) -> Violation:
    """Return the violation that only ``count`` of the clients of a burst were connected or answered in time."""
    return Violation(f"{burst} clients answered within {allowed:.1f} s", f"only {count} of them {what} in that time")


def seconds_for_a_client(server: Server) -> float:
    """Return how long it takes to serve one client after another, in seconds for each."""
    began = time.monotonic()
    with precondition("an echo before the burst"):
        for _ in range(PACE_CLIENTS):
            client = server.connect()
            client.exchange(b"x")
            client.close()
    return (time.monotonic() - began) / PACE_CLIENTS


@check(Level.MUST, seconds=0.4)
def test_descriptor_reuse(server: Server) -> None:
    """A client never receives bytes of an earlier client whose descriptor number the kernel used again.

    Source: POSIX open(), accept(): the lowest number that is free.
    """
    for number in paced(REUSES, least=LEAST_REUSES, seconds=REUSE_SECONDS):
        earlier = server.connect()
        earlier.send_some(b"earlier client %d;" % number * 1000)
        earlier.reset()
        client = server.connect()
        client.exchange(b"client %d" % number)
        client.close()
