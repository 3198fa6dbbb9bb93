"""Checks of the bytes: the reply is the upper-cased request, complete, in order and sent without delay."""

import contextlib
import itertools
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from upecho.conformance.check import Level, check
from upecho.conformance.harness.client import Client
from upecho.conformance.harness.launcher import Launcher
from upecho.conformance.harness.pace import paced
from upecho.conformance.harness.server import Server
from upecho.conformance.harness.violation import Violation

Item = TypeVar("Item")

MIB = 1 << 20
SEED = 20260701
SINGLE_BYTES = 1000
LEAST_SINGLE_BYTES = 50
SINGLE_BYTES_SECONDS = 2.0
PAUSE_SECONDS = 0.002  # long enough for a server to answer what it has received
QUIET_SECONDS = 0.3
TINY_BUFFER = 4096
SCHEDULES = 20
MAX_STEPS = 20
CONNECTIONS = 3
MAX_SEND_BYTES = 300_000
SIDE_BY_SIDE = 16  # clients that each have one message in flight
FITS_BYTES = 60_000  # less than the smallest receive window on one machine
LEAST_LARGER = 10  # messages, up to 100 000 bytes
LARGER_SECONDS = 5.0
DUPLEX_MIB = 16
LEAST_DUPLEX_MIB = 4
DUPLEX_SECONDS = 5.0
LEAST_SCHEDULES = 5
SCHEDULES_SECONDS = 8.0
BUFFER_SIZES = (
    *(1 << power for power in range(4, 21)),
    *(scale * digit for scale in (100, 1000, 10_000, 100_000) for digit in range(1, 11)),
    *(1500, 2500, 15_000, 25_000, 150_000, 250_000, 10_240, 20_480, 102_400),
    *(536, 576, 1220, 1280, 1360, 1400, 1440, 1448, 1452, 1460, 1492, 8948, 8960, 9000, 65_483, 65_535),  # of segments
)
COMMANDS = (
    *("quit", "exit", "bye", "close", "end", "eof", "stop", "shutdown", "halt", "kill", "restart", "logout", "q", "x"),
    *("disconnect", "help", "ping", "status", "done", "break", "abort", "cancel", "goodbye", ":q", "/quit", "!quit"),
)
PHRASES = (
    *(
        "!exit",
        "!disconnect",
        "!bye",
        "!stop",
        "/exit",
        "/disconnect",
        "/bye",
        "/stop",
        ".quit",
        ".exit",
        "\\q",
        "\\quit",
    ),
    *(
        "exit()",
        "quit()",
        "{quit}",
        "{exit}",
        "<quit>",
        "<exit>",
        "[quit]",
        "exit;",
        "quit;",
        "bye!",
        "goodbye!",
        "bye bye",
    ),
    *(
        "close connection",
        "end connection",
        "stop server",
        "shutdown server",
        "exit server",
        "the end",
        "__exit__",
        "#quit",
    ),
)
CONTROL_MESSAGES = (
    *(b"\n", b"\r\n", b"\r", b"\n\n", b"\r\n\r\n", b"\0", b"\0\0\0\0", b" ", b".", b".\n", b".\r\n", b"\r\n.\r\n"),
    *(
        b"\x03",
        b"\x04",
        b"\x04\n",
        b"\x17",
        b"\x1a",
        b"\x1b",
        b"\x7f",
        b"\xff",
        b"\xff\xf4",
        b"\xff\xff\xff\xff",
        b"-1",
    ),
    *(b"GET / HTTP/1.1\r\n\r\n", b"None", b"+++", b"~."),
)
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


@check(Level.MUST)
def test_single_byte_messages(server: Server) -> None:
    """The server answers each of a thousand single bytes on one connection, each sent after the previous reply.

    A slow server gets fewer bytes.

    Source: RFC 862: the server sends back all data until the client closes the connection, not only the first.
    """
    client = server.connect()
    codes = random.Random(SEED).choices(range(256), k=SINGLE_BYTES)
    for number in paced(SINGLE_BYTES, least=LEAST_SINGLE_BYTES, seconds=SINGLE_BYTES_SECONDS):
        client.exchange(bytes(codes[number : number + 1]))


@check(Level.MUST)
def test_coalesced_messages(server: Server) -> None:
    """When a client sends a thousand messages in one write, the server answers all of them in order.

    Source: RFC 9293 section 3.8: a stream has no message boundaries.
    """
    server.connect().exchange(b"".join(b"message %d;" % number for number in range(1000)))


@check(Level.MUST)
def test_message_sizes(server: Server) -> None:
    """The server answers messages of any size completely, including sizes next to common buffer sizes.

    Source: POSIX recv() and send(): either may transfer fewer bytes than requested.
    """
    data = random.Random(SEED).randbytes((1 << 18) + 1)
    client = server.connect()
    edges = [(1 << power) + off for power in (10, 12, 16, 18) for off in (-1, 0, 1)]
    for size in (1, *edges, 123_123):
        client.exchange(data[:size])


@check(Level.MUST)
def test_buffer_sizes(server: Server) -> None:
    """The server answers a message that fills a buffer of a common size exactly, without waiting for more.

    A slow server gets fewer messages of more than 60 KB.

    Source: POSIX recv(): it returns what is available, so a full buffer is no sign that more will follow.
    """
    data = random.Random(SEED).randbytes(max(BUFFER_SIZES))
    sizes = sorted({size * factor for size in BUFFER_SIZES for factor in (1, 2, 3) if size * factor <= len(data)})
    fitting = [size for size in sizes if size <= FITS_BYTES]
    clients = server.connect_many(SIDE_BY_SIDE)
    for some in batches(fitting, len(clients)):
        with server.paused():  # so that it finds the whole message at once
            for client, size in zip(clients, some, strict=False):
                client.send(data[:size])
        for client, size in zip(clients, some, strict=False):
            with about(f"the message has {size} bytes"):
                client.receive()
    larger = sizes[len(fitting) :]
    for number in paced(len(larger), least=LEAST_LARGER, seconds=LARGER_SECONDS):
        with about(f"the message has {larger[number]} bytes"):
            clients[0].exchange(data[: larger[number]])


@check(Level.MUST)
def test_words_as_data(server: Server) -> None:
    """The server takes no message for a command: it answers ``quit``, an empty line and control characters like others.

    Source: RFC 862: any data received is sent back.
    """
    clients = server.connect_many(SIDE_BY_SIDE)
    for some in batches(messages_like_commands(), len(clients)):
        for client, message in zip(clients, some, strict=False):
            with about(f"the message is {message!r}"):
                client.send(message)
        for client, message in zip(clients, some, strict=False):
            with about(f"the message is {message!r}"):
                client.receive()
                client.send(b"after it")
        for client, message in zip(clients, some, strict=False):
            with about(f"the message before was {message!r}"):
                client.receive()


def messages_like_commands() -> list[bytes]:
    """Return messages that some programs take for a command."""
    words = [form for word in COMMANDS for form in (word.lower(), word.upper(), word.capitalize())]
    phrases = [form.encode() for phrase in PHRASES for form in (phrase, phrase.upper(), phrase.capitalize())]
    commands = [word.encode() + end for word in words for end in (b"", b"\n", b"\r\n")]
    return [*CONTROL_MESSAGES, *dict.fromkeys(commands + phrases)]


def batches(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """Yield the items in groups of a size; the last group may be smaller."""
    return (items[start : start + size] for start in range(0, len(items), size))


@contextlib.contextmanager
def about(message: str) -> Iterator[None]:
    """Note with a violation inside the block which message it is about."""
    try:
        yield
    except Violation as violation:
        violation.add_note(message)
        raise


@check(Level.MUST)
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


@check(Level.MUST, seconds=0.5)
def test_small_receive_buffer(server: Server) -> None:
    """The server returns 8 MiB to a client whose small receive buffer accepts only a little at a time.

    Source: POSIX send(): it returns the number of bytes sent, which may be smaller than requested.
    """
    data = random.Random(SEED).randbytes(8 * MIB)
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
        try:
            play(schedule, launcher.shared_server(), data)
        except Violation as violation:
            violation.add_note(f"schedule {number + 1} of {SCHEDULES}: {', '.join(map(str, schedule))}")
            raise


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
