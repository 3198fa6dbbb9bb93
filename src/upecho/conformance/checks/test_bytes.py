"""Checks of the bytes: the reply is the upper-cased request, complete, in order and sent without delay."""

import itertools
import random
import time
from dataclasses import dataclass

from upecho.conformance.check import Level, check
from upecho.conformance.harness.clients.client import Client
from upecho.conformance.harness.launcher import Launcher
from upecho.conformance.harness.servers.server import Server
from upecho.conformance.harness.violation import about
from upecho.conformance.harness.workloads.pace import paced

MIB = 1 << 20
SEED = 20260701
PAUSE_SECONDS = 0.002  # long enough for a server to answer what it has received
QUIET_SECONDS = 0.3
TINY_BUFFER = 4096
SCHEDULES = 20
MAX_STEPS = 20
CONNECTIONS = 3
MAX_SEND_BYTES = 300_000
DUPLEX_MIB = 16
LEAST_DUPLEX_MIB = 2
DUPLEX_SECONDS = 2.5
LEAST_SCHEDULES = 5
SCHEDULES_SECONDS = 8.0
ACTIONS = ("send", "send", "read", "pause", "half-close")  # sending is twice as likely as each of the others


@check(Level.MUST)
def test_echo_hello(server: Server) -> None:
    """The server sends back what a client sends, in upper case.

    Source: RFC 862 (echo over TCP), with bytes.upper() applied.
    """
    server.connect().exchange(b"hello")


@check(Level.MUST)
def test_every_byte_value(server: Server) -> None:
    """Of the 256 byte values, the server changes only a to z, whatever bytes precede or follow.

    Source: bytes.upper() in the Python library reference: ASCII letters only.
    """
    values = list(range(256))
    random.Random(SEED).shuffle(values)
    server.connect().exchange(bytes(values))


@check(Level.MUST)
def test_utf8_untouched(server: Server) -> None:
    """The server returns bytes beyond ASCII unchanged, so that UTF-8 text keeps its length.

    Source: bytes.upper() in the Python library reference: ASCII letters only; str.upper() would turn ß into SS.
    """
    client = server.connect()
    for text in ("straße", "é", "中文", "ﬁn", "ŉ", "ⓐ"):
        client.exchange(text.encode())


@check(Level.MUST)
def test_immediate_echo(server: Server) -> None:
    """The server answers a single byte at once, without waiting for a line end, a full buffer or end of file.

    Source: RFC 862: any data received is sent back; a byte stream has no lines.
    """
    server.connect().exchange(b"x")


@check(Level.MUST, seconds=0.15)
def test_full_duplex(server: Server) -> None:
    """The server returns 16 MiB, sent in pieces of random size while the client reads, without loss or change.

    A slow server gets fewer bytes.

    Source: RFC 9293 section 3.1: the two directions of a connection are independent.
    """
    source = random.Random(SEED)
    client = server.connect()
    for _ in paced(DUPLEX_MIB, least=LEAST_DUPLEX_MIB, seconds=DUPLEX_SECONDS):
        client.send(source.randbytes(MIB), eager=True, cuts=iter(lambda: source.randint(1, 200_000), 0))
    client.receive()


@check(Level.MUST)
def test_order_preserved(server: Server) -> None:
    """The server returns numbered records in order to a client that stalls repeatedly.

    Source: RFC 9293 section 3.1: in order; a queued reply must be sent before the reply to later data.
    """
    records = b"".join(b"record %06d\n" % number for number in range(200_000))
    client = server.connect()
    client.send(records, cuts=itertools.repeat(7_001))
    client.receive()


@check(Level.MUST, seconds=0.3)
def test_small_receive_buffer(server: Server) -> None:
    """The server returns 4 MiB to a client whose small receive buffer accepts only a little at a time.

    Source: POSIX send(): it returns the number of bytes sent, which may be smaller than requested.
    """
    data = random.Random(SEED).randbytes(4 * MIB)
    client = server.connect(receive_buffer=TINY_BUFFER)
    client.send(data)
    client.receive()


@check(Level.MUST, seconds=0.3)
def test_no_unsolicited_data(server: Server) -> None:
    """The server sends nothing on a connection on which it receives nothing, and keeps it open; watched for 0.3 s.

    Source: RFC 862: the server sends back what it receives.
    """
    client = server.connect()
    client.expect_open(QUIET_SECONDS)
    client.exchange(b"still here")


@check(Level.MUST)
def test_random_schedules(launcher: Launcher) -> None:
    """The server answers several connections correctly in whatever order the clients send, read and half-close.

    A slow server gets fewer schedules.

    Source: RFC 9293 section 3.1: connections are independent, and the clients choose the order of events.
    """
    source = random.Random(SEED)
    data = source.randbytes(MAX_SEND_BYTES)
    for number in paced(SCHEDULES, least=LEAST_SCHEDULES, seconds=SCHEDULES_SECONDS):
        schedule = random_schedule(source)
        with about(f"schedule {number + 1} of {SCHEDULES}: {', '.join(map(str, schedule))}"):
            play(schedule, launcher.shared_server(), data)


@dataclass(frozen=True)
class Step:
    """One action in a schedule.

    Attributes:
        action: One of ``ACTIONS``.
        connection: Number of the connection, from 0; a target that serves fewer clients gets fewer connections.
        size: Number of bytes to send.
    """

    action: str
    connection: int
    size: int

    def __str__(self) -> str:
        size = f" {self.size} bytes" if self.action == "send" else ""
        return f"client {self.connection + 1}: {self.action}{size}"


def random_schedule(source: random.Random) -> list[Step]:
    """Return between one and ``MAX_STEPS`` random steps; sizes of any order of magnitude are equally likely."""
    return [
        Step(source.choice(ACTIONS), source.randrange(CONNECTIONS), round(MAX_SEND_BYTES ** source.random()))
        for _ in range(source.randint(1, MAX_STEPS))
    ]


def play(schedule: list[Step], server: Server, data: bytes) -> None:
    """Carry out the steps, then half-close each connection and expect the rest of its answer."""
    clients = [server.connect() for _ in range(min(CONNECTIONS, server.max_clients or CONNECTIONS))]
    half_closed: set[Client] = set()
    for step in schedule:
        client = clients[step.connection % len(clients)]
        if step.action == "read":
            client.receive()
        elif step.action == "pause":
            time.sleep(PAUSE_SECONDS)
        elif step.action == "half-close":
            half_closed.add(client)
            client.half_close()
        elif client not in half_closed:
            client.send(data[-step.size :])
    for client in clients:
        client.half_close()
        client.expect_fin()
        client.close()
