"""Workers that are threads: when they count as ready, and what the failure of one does."""

import select
import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from upecho.net.address import Address
from upecho.servers.shared.worker_threads import serve_in_threads
from upecho.serving.contract import Stop
from upecho.serving.listener import listening
from upecho.serving.settings import Settings

SECONDS = 20.0
WORKERS = 3


@pytest.fixture
def listener(clients: ExitStack) -> socket.socket:
    return clients.enter_context(listening(Address.parse("127.0.0.1:0"), Settings()))


@pytest.fixture
def stop(clients: ExitStack) -> tuple[socket.socket, socket.socket]:
    reader, writer = map(clients.enter_context, socket.socketpair())
    return reader, writer


def descriptor_count() -> int:
    return sum(1 for _ in Path("/dev/fd").iterdir())


def wait_until_told(told: Stop) -> None:
    assert select.select([told], [], [], SECONDS)[0]


def test_server_is_ready_once_all_workers_are(
    listener: socket.socket, stop: tuple[socket.socket, socket.socket]
) -> None:
    reader, writer = stop
    last = threading.Semaphore(WORKERS - 1)
    may_go_on, ready = threading.Event(), threading.Event()
    calls: list[bool] = []

    def work(duplicate: socket.socket, told: Stop) -> None:
        with duplicate:
            if not last.acquire(blocking=False):
                assert may_go_on.wait(SECONDS)
            told.ready()
            wait_until_told(told)

    def announce() -> None:
        calls.append(may_go_on.is_set())
        ready.set()

    server = threading.Thread(
        target=serve_in_threads, args=(work, listener, Stop(reader, Settings(), announce), WORKERS)
    )
    server.start()
    assert not ready.wait(0.1)
    may_go_on.set()
    assert ready.wait(SECONDS)
    writer.send(b"stop")
    server.join(SECONDS)
    assert not server.is_alive()
    assert calls == [True]
    assert listener.fileno() == -1


def fail(_told: Stop) -> None:
    raise OSError("made up")


def be_ready_and_fail(told: Stop) -> None:
    told.ready()
    fail(told)


@pytest.mark.parametrize("failing", [fail, be_ready_and_fail])
def test_failure_of_one_worker_ends_the_others_and_is_raised(
    listener: socket.socket, stop: tuple[socket.socket, socket.socket], failing: Callable[[Stop], None]
) -> None:
    first = threading.Semaphore(1)

    def work(duplicate: socket.socket, told: Stop) -> None:
        with duplicate:
            if first.acquire(blocking=False):
                failing(told)
            told.ready()
            wait_until_told(told)

    before = descriptor_count()
    with pytest.raises(OSError, match="made up"):
        serve_in_threads(work, listener, Stop(stop[0], Settings()), WORKERS)
    assert descriptor_count() == before - 1  # the listener is closed
