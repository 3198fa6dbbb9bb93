"""Checks of many clients: each gets its own answer, in time, however many there are and whatever the others do."""

import time
from collections.abc import Callable

from upecho.conformance.check import Level, check
from upecho.conformance.harness.server import Server
from upecho.conformance.harness.violation import Violation
from upecho.net.address import Family
from upecho.support import timeouts

CROWD = 200
CROWD_SECONDS = 3.0
IDLE = 50
PAST_SELECT = 1100  # descriptors; select() takes those below 1024
ROUNDS = 3
CHURN = 200
TURN_SECONDS = 0.2
PINGS = 11
PING_SECONDS = 0.05
PIECES = 200
PIECE_BYTES = 21
NAGLE_SECONDS = 0.038
NEW_CLIENTS = 8
MESSAGES = 9
FLOOD = bytes(65536)
PUMPS = 20
STORM = 1000
STORM_STEP = 20
STEP = 50

Record = Callable[[float | str, str], None]


@check(Level.MUST, clients=100)
def test_hundred_clients(server: Server) -> None:
    """A hundred clients at once each get their own bytes and nobody else's.

    Source: RFC 862: each connection on its own.
    """
    clients = server.connect_many(100)
    for turn in range(ROUNDS):
        for number, client in enumerate(clients):
            client.send(b"client %d, turn %d;" % (number, turn) * 100)
        for client in reversed(clients):
            client.receive()


@check(Level.MUST, clients=IDLE + 1)
def test_idle_clients(server: Server) -> None:
    """Fifty clients that say nothing do not keep one from being answered.

    Source: RFC 862: a connection lasts until the client ends it, and may be silent meanwhile.
    """
    server.connect_many(IDLE)
    client = server.connect()
    for turn in range(PINGS):
        client.exchange(b"lively %d" % turn)


@check(Level.MUST, clients=PAST_SELECT)
def test_beyond_fd_setsize(server: Server) -> None:
    """With 1 100 clients connected the last one is served.

    Source: select(2): it can watch descriptors below FD_SETSIZE (1024) only; poll(2), epoll(7).
    """
    clients = []
    for number in range(PAST_SELECT):
        clients.append(server.connect())
        if number % STEP == 0:  # a deadline for each step: all at once may be much, with a process for each client
            clients[-1].exchange(b"one of many")
    clients[-1].exchange(b"the last")
    clients[0].exchange(b"the first")


@check(Level.MUST, limited=True)
def test_queue_beyond_max_clients(server: Server) -> None:
    """A client more than the server serves at once waits, and is served when another leaves.

    Source: POSIX listen(): connections wait in the queue of the listener.
    """
    clients = server.connect_many(server.max_clients or 1)
    for client in clients:
        client.exchange(b"one of those")
    waiting = server.connect()
    waiting.send(b"one more")
    waiting.is_answered(TURN_SECONDS)  # that it has to wait is not required
    clients[0].half_close()
    clients[0].expect_fin()
    waiting.receive()


@check(Level.SHOULD)
def test_connect_burst(server: Server) -> None:
    """Two hundred clients that come at once, while the server is busy elsewhere, are all served within 3 s.

    Source: listen(2): the backlog; a Unix socket refuses with EAGAIN beyond it, TCP tries again after a second.
    """
    with server.paused():
        clients = [server.start_connecting() for _ in range(CROWD)]
    began = time.monotonic()
    for number, client in enumerate(clients):
        client.exchange(b"number %d" % number)
        client.half_close()
        client.expect_fin()
        client.close()
    if (took := time.monotonic() - began) > timeouts.at_least(CROWD_SECONDS):
        raise Violation(f"{CROWD} clients served within {CROWD_SECONDS:g} s", f"{took:.1f} s")


@check(Level.MUST)
def test_descriptor_reuse(server: Server) -> None:
    """A client never gets bytes of one that has just left, though the kernel gives both the same descriptor.

    Source: POSIX open(), accept(): the lowest number that is free.
    """
    for number in range(CHURN):
        gone = server.connect()
        gone.send_some(b"somebody else %d;" % number * 1000)
        gone.reset()
        client = server.connect()
        client.exchange(b"client %d" % number)
        client.close()


@check(Level.SHOULD, clients=2)
def test_fairness_under_flood(server: Server) -> None:
    """While one client sends and reads as fast as it can, the median answer to another takes less than 50 ms.

    Source: fairness between connections, as in libuv's and trio's accept and read loops.
    """
    flooder, pinger = server.connect(), server.connect()
    slow = []
    for _ in range(PINGS):
        for _ in range(PUMPS):
            flooder.pump(FLOOD)
        seconds = pinger.response_seconds(b"ping", lambda: flooder.pump(FLOOD))
        if seconds > timeouts.at_least(PING_SECONDS):
            slow.append(f"{seconds * 1000:.0f} ms")
        if len(slow) > PINGS // 2:
            raise Violation(f"half of {PINGS} answers within {PING_SECONDS * 1000:.0f} ms", ", ".join(slow))


@check(Level.INFO, clients=2)
def test_latency_under_connect_churn(server: Server, record: Record) -> None:
    """How long a client that is connected waits for an answer, at worst, while a thousand others come and go.

    Source: none; accepting and answering share one loop, or compete for one lock.
    """
    old = server.connect()
    slowest = 0.0
    for number in range(STORM):
        new = server.connect()
        if number % STORM_STEP == 0:
            slowest = max(slowest, old.response_seconds(b"ping"))
        new.close()
    record(slowest * 1000, "ms")


@check(Level.SHOULD, families=[Family.INET, Family.INET6])
def test_no_nagle_delay(server: Server) -> None:
    """A message that is sent in many small pieces is answered without the 40 ms in which Nagle's algorithm waits.

    Source: RFC 9293 section 3.7.4; TCP_NODELAY in tcp(7); RFC 1122 section 4.2.3.2, delayed acknowledgements.
    """
    message = b"small piece of it all" * PIECES
    waiting: list[float] = []
    for number in range(1, NEW_CLIENTS + 1):
        client = server.connect()
        _, *others = (client.response_seconds_in_pieces(message, PIECE_BYTES) for _ in range(MESSAGES))
        client.close()
        # On a busy machine some answers take as long for want of a processor; where Nagle's algorithm waits, all do but
        # the first. Whether it comes to that is decided at the start of a connection.
        if min(others) > NAGLE_SECONDS:
            waiting.append(min(others))
        if len(waiting) > 1:
            seen = f"{len(waiting)} of {number} waited {min(waiting) * 1000:.0f} ms or more for each of theirs"
            raise Violation("clients that get answers without a step of 40 ms", seen)
