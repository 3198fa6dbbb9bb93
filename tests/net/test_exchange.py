"""One exchange: every byte goes out and comes back, and a server that fails to do so is blamed."""

import contextlib
import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from upecho.net.exchange import Exchange, write_all
from upecho.support.errors import CallerError, HarnessError, TargetError

Server = Callable[[socket.socket], object]
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: on, without waiting


def echo(connection: socket.socket) -> None:
    while data := connection.recv(65536):
        connection.sendall(data.upper())


def reset(connection: socket.socket) -> None:
    connection.recv(1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)


def answering(reply: bytes) -> Server:
    def answer(connection: socket.socket) -> None:
        connection.recv(5)
        connection.sendall(reply)

    return answer


@contextlib.contextmanager
def served_by(server: Server) -> Iterator[socket.socket]:
    """A TCP connection to a server that does one thing and closes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        connection, _ = listener.accept()

    def serve() -> None:
        with connection, contextlib.suppress(ConnectionError):
            server(connection)

    thread = threading.Thread(target=serve)
    thread.start()
    with client:
        yield client
    thread.join()


@contextlib.contextmanager
def closing(*descriptors: int) -> Iterator[None]:
    """Close the descriptors that a test has not closed itself."""
    try:
        yield
    finally:
        for descriptor in descriptors:
            with contextlib.suppress(OSError):
                os.close(descriptor)


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """A pipe; a test may close its ends."""
    ends = os.pipe()
    with closing(*ends):
        yield ends


def received(pipe: tuple[int, int]) -> bytes:
    reader, writer = pipe
    os.close(writer)
    return os.read(reader, 1_000_000)


@pytest.mark.parametrize("text", [b"", b"hello", bytes(range(256)), b"x" * 60_000])
def test_text_comes_back(pipe: tuple[int, int], text: bytes) -> None:
    with served_by(echo) as client:
        Exchange(client, text).run(pipe[1], 10)
    assert received(pipe) == text.upper()


def test_more_than_any_buffer_holds_comes_back(tmp_path: Path) -> None:
    text = bytes(range(256)) * 200_000
    with (tmp_path / "copy").open("w+b", buffering=0) as copy, served_by(echo) as client:
        Exchange(client, text).run(copy.fileno(), 10)
        copy.seek(0)
        assert copy.read() == text.upper()


def test_source_is_sent_as_it_arrives(pipe: tuple[int, int]) -> None:
    reader, typed = os.pipe()
    with served_by(echo) as client, closing(reader):
        exchange = threading.Thread(target=Exchange(client, source=reader).run, args=(pipe[1], 1.0))
        exchange.start()
        for pause in (1.5, 0):  # longer than the timeout of the server
            os.write(typed, b"ab")
            assert os.read(pipe[0], 2) == b"AB"
            exchange.join(pause)
        os.close(typed)
        exchange.join()


def failure(server: Server, sink: int, text: bytes = b"hello", timeout: float = 10.0) -> str:
    with served_by(server) as client, pytest.raises(TargetError) as raised:
        Exchange(client, text).run(sink, timeout)
    return str(raised.value)


def test_early_end_is_a_target_error(pipe: tuple[int, int]) -> None:
    message = failure(answering(b"HEL"), pipe[1])
    assert message == "the server closed the connection early: 5 bytes sent, 3 received"
    assert received(pipe) == b"HEL"


def test_surplus_reply_is_a_target_error(pipe: tuple[int, int]) -> None:
    message = failure(answering(b"HELLO!"), pipe[1])
    assert message == "the server sent more than it received: 5 bytes sent, 6 received"


def test_reset_is_a_target_error(pipe: tuple[int, int]) -> None:
    message = failure(reset, pipe[1])
    assert message == "the server ended the connection: Connection reset by peer; 5 bytes sent, 0 received"


@pytest.mark.parametrize("text", [b"hello", b"x" * 50_000_000], ids=["waits", "does-not-read"])
def test_silent_server_is_a_target_error(pipe: tuple[int, int], text: bytes) -> None:
    done = threading.Event()
    with served_by(lambda connection: done.wait(10)) as client:
        with pytest.raises(TargetError, match=r"the server was silent for 0.05 seconds: \d+ bytes sent, 0 received"):
            Exchange(client, text).run(pipe[1], 0.05)
        done.set()


def test_end_before_the_source_ends_is_early(pipe: tuple[int, int]) -> None:
    source, typed = os.pipe()
    early = pytest.raises(TargetError, match="closed the connection early: 0 bytes sent, 0 received")
    with served_by(lambda connection: None) as client, closing(source, typed), early:
        Exchange(client, source=source).run(pipe[1], 10)


def test_unreadable_source_is_a_caller_error() -> None:
    directory = os.open(os.curdir, os.O_RDONLY)
    refused = pytest.raises(CallerError, match="cannot read stdin: Is a directory")
    with closing(directory), served_by(echo) as client, refused:
        Exchange(client, source=directory).run(1, 10)


def test_full_sink_is_a_harness_error() -> None:
    with (
        Path("/dev/full").open("wb", buffering=0) as full,
        pytest.raises(HarnessError, match="No space left"),
    ):
        write_all(full.fileno(), b"x")


def test_sink_without_a_reader_is_a_broken_pipe(pipe: tuple[int, int]) -> None:
    os.close(pipe[0])
    with pytest.raises(BrokenPipeError):
        write_all(pipe[1], b"x")


def test_nonblocking_sink_is_waited_for(pipe: tuple[int, int]) -> None:
    os.set_blocking(pipe[1], False)
    data = bytes(300_000)
    writing = threading.Thread(target=write_all, args=(pipe[1], data))
    writing.start()
    size = 0
    while size < len(data):
        size += len(os.read(pipe[0], 65536))
    writing.join()


def test_nonblocking_source_is_waited_for(pipe: tuple[int, int]) -> None:
    source, typed = os.pipe()
    os.set_blocking(source, False)
    os.write(typed, b"ab")
    os.close(typed)
    with served_by(echo) as client, closing(source):
        Exchange(client, source=source).run(pipe[1], 10)
    assert received(pipe) == b"AB"
