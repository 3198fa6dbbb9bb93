"""Checks of many clients: each receives its own reply in time, however many there are and whatever the others do."""

import statistics
import time

from upecho.conformance.check import Level, check
from upecho.conformance.findings import Record, Recorded
from upecho.conformance.harness.clients import nagle
from upecho.conformance.harness.clients.client import Client
from upecho.conformance.harness.clients.connection import TIMEOUT_SECONDS
from upecho.conformance.harness.servers.server import Server
from upecho.conformance.harness.violation import Unsupported, Violation, precondition
from upecho.conformance.harness.workloads.flood import ROUNDS, Finding, Flood
from upecho.conformance.harness.workloads.pace import paced
from upecho.net.address import Family
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
CHURN_SECONDS = 2.0
MANY_SECONDS = 8.0
WAIT_SECONDS = 0.2
PINGS = 11
PING_SECONDS = 0.05
USUAL_PINGS = 5
USUAL_TIMES = 6  # a flood lengthens the turns of a server, and on a busy machine it competes with the server
NEW_CLIENTS = 8
FLOOD = bytes(65536)
PUMPS = 20
FLOODERS = 4
ATTEMPTS = 5
CHURN = 1000
CHURN_STEP = 20
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
    for turn in range(PINGS):
        client.exchange(b"client, turn %d" % turn)


@check(Level.MUST, clients=BEYOND_SELECT, seconds=0.3)
def test_beyond_fd_setsize(server: Server) -> None:
    """The server answers the last of 1100 clients that are connected at the same time.

    Source: select(2): it can monitor only descriptors below FD_SETSIZE (1024); poll(2) and epoll(7) can monitor more.
    """
    clients: list[Client] = []
    step = min(CONNECT_STEP, backlog_limit())
    for number in paced(BEYOND_SELECT, least=step, seconds=MANY_SECONDS):
        clients.append(server.connect())
        if number % step == 0:  # each step has a deadline of its own, since a process per client takes time
            clients[-1].exchange(b"one of many")
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


@check(Level.MUST)
def test_descriptor_reuse(server: Server) -> None:
    """A client never receives bytes of an earlier client whose descriptor number the kernel used again.

    Source: POSIX open(), accept(): the lowest number that is free.
    """
    for number in paced(REUSES, least=LEAST_REUSES, seconds=CHURN_SECONDS):
        earlier = server.connect()
        earlier.send_some(b"earlier client %d;" % number * 1000)
        earlier.reset()
        client = server.connect()
        client.exchange(b"client %d" % number)
        client.close()


@check(Level.SHOULD, clients=2)
def test_fairness_under_flood(server: Server) -> None:
    """While one client sends and reads as fast as it can, the median reply to another takes less than 50 ms.

    If the median without a flood is already high, six times that median is allowed.

    Source: RFC 862: each connection is answered independently, so one that always has data must not starve the others.
    """
    flooder, pinger = server.connect(), server.connect()
    with precondition("an echo before the flood"):
        usual = statistics.median(pinger.response_seconds(b"ping") for _ in range(USUAL_PINGS))
    allowed = max(timeouts.at_least(PING_SECONDS), USUAL_TIMES * usual)
    slow = []
    for _ in range(PINGS):
        for _ in range(PUMPS):
            flooder.pump(FLOOD)
        seconds = pinger.response_seconds(b"ping", lambda: flooder.pump(FLOOD))
        if seconds > allowed:
            slow.append(f"{seconds * 1000:.0f} ms")
        if len(slow) > PINGS // 2:
            seen = f"{', '.join(slow)}; without the flood {usual * 1000:.0f} ms"
            raise Violation(f"half of {PINGS} replies within {allowed * 1000:.0f} ms", seen)


@check(Level.SHOULD, observes=True, clients=FLOODERS + 1, seconds=0.2)
def test_accepts_under_flood(server: Server) -> None:
    """The server accepts and answers a new client although the other clients keep it busy.

    A server with a single thread is suspended after each reply, so that it is certain to be always busy. A server with
    several threads is not suspended: it may be idle now and then, and has 5 s to answer the new client.

    Source: RFC 862: each connection is answered independently; a server that is never idle must still call accept().
    """
    clients = server.connect_many(FLOODERS)
    with precondition("an echo to each client before the flood"):
        for client in clients:
            client.send(b"x")
        for client in clients:
            client.receive()
    flood = Flood(server, clients)
    for _ in range(ATTEMPTS):
        finding = flood.try_new_client()
        if finding is Finding.SERVED:
            return
        if finding is Finding.LEFT_OUT:
            raise left_out(f"none until they were silent, after at least {ROUNDS} answers to each of them")
        if finding is Finding.THREADS:
            if (seconds := flood.response_seconds()) > timeouts.scaled(TIMEOUT_SECONDS):
                raise left_out(f"one after {seconds:.1f} s")
            return
    raise Unsupported("the server could not be suspended before it had answered every client")


def left_out(seen: str) -> Violation:
    """Return the violation of a server that does not answer a new client in time."""
    return Violation(f"an answer to a new client while {FLOODERS} others keep the server busy", seen)


@check(Level.INFO, clients=2)
def test_latency_under_connect_churn(server: Server, record: Record) -> None:
    """Records the longest time that a client waits for a reply while up to a thousand others connect and leave.

    Source: none; accepting and answering compete for the same thread or the same lock.
    """
    old = server.connect()
    slowest = 0.0
    for number in paced(CHURN, least=CHURN_STEP, seconds=CHURN_SECONDS):
        new = server.connect()
        if number % CHURN_STEP == 0:
            slowest = max(slowest, old.response_seconds(b"ping"))
            new.exchange(b"x")  # so that the queue of a slow server does not outlast the check
        new.close()
    record(Recorded(slowest * 1000, "ms"))


@check(Level.SHOULD, families=[Family.INET, Family.INET6])
def test_no_nagle_delay(server: Server) -> None:
    """The server's kernel sends a small reply at once, even if an earlier one has not been acknowledged.

    Otherwise, Nagle's algorithm delays such a reply until the client's kernel acknowledges, often by 40 ms.

    Source: RFC 9293 section 3.7.4; TCP_NODELAY in tcp(7); RFC 1122 section 4.2.3.2, delayed acknowledgements.
    """
    seen: list[bool | None] = []
    for _ in range(NEW_CLIENTS):
        client = server.connect()
        if not nagle.is_shown(client):
            raise Unsupported("this system does not show the send queue of the server")
        seen.append(nagle.holds_back(client))
        client.close()
        if seen.count(True) > 1:
            held = f"held back until the first was acknowledged, for 2 of {plural(len(seen), 'client')}"
            raise Violation("the second of two small replies to be sent at once", held)
    if set(seen) == {None}:
        raise Unsupported("no two small replies followed each other quickly enough to tell")
