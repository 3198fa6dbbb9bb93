"""Checks of messages: a stream has no message boundaries, so a server answers whatever arrives, of any size."""

import random
from collections.abc import Iterator, Sequence
from typing import TypeVar

from upecho.conformance.check import Level, check
from upecho.conformance.harness.servers.server import Server
from upecho.conformance.harness.violation import about
from upecho.conformance.harness.workloads.pace import paced

Item = TypeVar("Item")

SEED = 20260701
SINGLE_BYTES = 1000
LEAST_SINGLE_BYTES = 50
SINGLE_BYTES_SECONDS = 2.0
SIDE_BY_SIDE = 16  # clients that each have one message in flight
FITS_BYTES = 60_000  # less than the smallest receive window on one machine
LEAST_LARGER = 10  # messages, up to 100 000 bytes
LARGER_SECONDS = 2.5
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
    *("!exit", "!disconnect", "!bye", "!stop", "/exit", "/disconnect", "/bye", "/stop", ".quit", ".exit", "#quit"),
    *("exit()", "quit()", "{quit}", "{exit}", "<quit>", "<exit>", "[quit]", "exit;", "quit;", "__exit__", "\\q"),
    *("bye!", "goodbye!", "bye bye", "close connection", "end connection", "stop server", "shutdown server"),
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


@check(Level.MUST, seconds=0.3)
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
    commands = [word.encode() + end for word in words for end in (b"", b"\n", b"\r\n")]
    phrases = [form.encode() for phrase in PHRASES for form in (phrase, phrase.upper(), phrase.capitalize())]
    return [*CONTROL_MESSAGES, *dict.fromkeys(commands + phrases)]


def batches(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """Yield the items in groups of a size; the last group may be smaller."""
    return (items[start : start + size] for start in range(0, len(items), size))
