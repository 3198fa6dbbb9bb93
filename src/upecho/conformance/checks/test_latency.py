"""Checks of latency: a client does not wait long for a reply, whatever the other clients do."""

import statistics
import time

from upecho.conformance.check import Level, check
from upecho.conformance.findings import Record, Recorded
from upecho.conformance.harness.clients import nagle
from upecho.conformance.harness.clients.connection import TIMEOUT_SECONDS
from upecho.conformance.harness.clients.expected_bytes import Block
from upecho.conformance.harness.servers.server import Server
from upecho.conformance.harness.violation import Unsupported, Violation, precondition
from upecho.conformance.harness.workloads.flood import ROUNDS, Finding, Flood
from upecho.conformance.harness.workloads.pace import paced
from upecho.net.address import Family
from upecho.support import timeouts
from upecho.support.text import plural

PINGS = 11
PING_SECONDS = 0.02  # of CPU time
USUAL_PINGS = 5
USUAL_TIMES = 6  # a flood lengthens the turns of a server, and on a busy machine it competes with the server
FLOOD = Block(bytes(65536))
PUMPS = 20
FLOODERS = 4
ATTEMPTS = 5
CHURN = 1000
CHURN_STEP = 20
CHURN_SECONDS = 2.0
NEW_CLIENTS = 8


@check(Level.SHOULD, clients=2)
def test_fairness_under_flood(server: Server) -> None:
    """While one client sends and reads as fast as it can, the median reply to another takes less than 20 ms.

    At most about 2 MiB of the flood are in flight. Only time in which the clients run counts, because a busy machine
    also delays the replies of a correct server. If the median without a flood is already high, six times that median
    is allowed.

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
        seconds = pinger.response_seconds(b"ping", lambda: flooder.pump(FLOOD), time.thread_time)
        if seconds > allowed:
            slow.append(f"{seconds * 1000:.0f} ms")
        if len(slow) > PINGS // 2:
            seen = f"{', '.join(slow)}; without the flood {usual * 1000:.0f} ms"
            raise Violation(f"half of {PINGS} replies within {allowed * 1000:.0f} ms of CPU time", seen)


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


@check(Level.INFO, clients=2, seconds=0.4)
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


@check(Level.SHOULD, families=[Family.INET, Family.INET6], lacking=nagle.lacking)
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
