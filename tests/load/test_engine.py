"""Each engine against honest and hostile servers: what is not verified is never counted."""

import contextlib
import itertools
import resource
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from upecho.load.engine import NAMES, Engine, Meter, engine
from upecho.load.histogram import decoded
from upecho.load.plan import Failure, LoadResult, Plan, ServerUse
from upecho.net.address import Address, Family
from upecho.processes import procfs
from upecho.processes.server_process import ServerProcess
from upecho.support.errors import AddressError, Unavailable

Handler = Callable[[socket.socket], None]
BIG = 1 << 23  # more than a TCP socket takes at once


class Chosen:
    """The engine under test."""

    engine: Engine


def run(address: Address, plan: Plan, meter: Meter | None = None) -> LoadResult:
    return Chosen.engine(address, plan, meter)


@pytest.fixture(autouse=True, params=NAMES)
def name(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Repeat each test with each engine."""
    try:
        monkeypatch.setattr(Chosen, "engine", staticmethod(engine(request.param)), raising=False)
    except Unavailable as error:
        pytest.skip(str(error))
    return str(request.param)


def plan(connections: int = 1, size: int = 64, requests: int = 50, deadline: float = 10.0) -> Plan:
    return Plan(connections, size, duration_seconds=60.0, deadline_seconds=deadline, max_requests=requests)


@contextmanager
def hostile(handler: Handler) -> Iterator[Address]:
    """Serve each connection in a thread; whatever the handler leaves open is closed behind it."""

    def serve(connection: socket.socket) -> None:
        with connection, contextlib.suppress(ConnectionError):
            handler(connection)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                threads.append(threading.Thread(target=serve, args=[listener.accept()[0]]))
                threads[-1].start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threads = [threading.Thread(target=accept)]
        threads[0].start()
        yield Address.of(listener)
        listener.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()


def load(handler: Handler, wanted: Plan | None = None) -> LoadResult:
    with hostile(handler) as address:
        return run(address, wanted or plan())


def used(cpu_ns: int) -> procfs.Use:
    return procfs.Use(cpu_ns, 0, 0, 0, 0, 0, 0)


def answering(change: Callable[[bytes], bytes]) -> Handler:
    def answer(connection: socket.socket) -> None:
        while data := connection.recv(65536):
            connection.sendall(change(data))

    return answer


honest = answering(bytes.upper)


def after(requests: int, then: Handler) -> Handler:
    """Serve well for a number of requests of 64 bytes."""

    def answer(connection: socket.socket) -> None:
        for _ in range(requests):
            connection.sendall(connection.recv(64, socket.MSG_WAITALL).upper())
        connection.recv(64, socket.MSG_WAITALL)
        then(connection)

    return answer


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def wait_for_end(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


def test_requests_are_counted_and_timed(name: str) -> None:
    result = load(honest, plan(connections=3, size=100))
    assert not result.errors
    assert 50 <= result.requests <= 52  # those in flight at the end are completed
    assert result.payload_bytes == 100 * result.requests
    assert sum(decoded(result.latency.histogram).values()) == sum(result.slices) == result.requests
    assert 0 < result.latency.min_ns <= result.latency.p50_ns <= result.latency.max_ns <= result.elapsed_ns
    assert result.engine == name


@pytest.mark.parametrize("family", list(Family), ids=lambda family: family.value)
@pytest.mark.parametrize("target", ["threads", "asyncio"])
def test_every_family(family: Family, target: str, start: Callable[..., ServerProcess], directory: Path) -> None:
    if not family.is_available():
        pytest.skip("not here")
    binds = {Family.INET6: "[::1]:0", Family.UNIX: f"unix:{directory}/x", Family.ABSTRACT: f"unix:@{directory}"}
    server = start(target, binds.get(family, "127.0.0.1:0"))
    assert not run(server.address, plan(connections=4)).errors


def test_messages_larger_than_all_buffers_do_not_deadlock() -> None:
    result = load(honest, plan(connections=2, size=BIG, requests=4))
    assert not result.errors
    assert result.requests >= 4


def test_the_duration_ends_the_load() -> None:
    with hostile(honest) as address:
        result = run(address, Plan(2, 64, duration_seconds=0.05, deadline_seconds=10.0))
    assert not result.errors
    assert 40e6 < result.elapsed_ns < 5e9


def test_the_meter_is_read_with_all_connections_open_and_nothing_in_flight() -> None:
    served: list[bytes] = []
    readings: list[int] = []

    def answer(connection: socket.socket) -> None:
        while data := connection.recv(64, socket.MSG_WAITALL):
            served.append(data)
            connection.sendall(data.upper())

    def meter() -> procfs.Use:
        readings.append(len(served))
        return used(len(served))

    with hostile(answer) as address:
        result = run(address, plan(connections=3), meter)
    assert readings == [3, 3 + result.requests]
    assert result.server_cpu_ns == result.requests
    assert len(served) == 3 + result.requests + 3


def test_what_the_server_used_is_told_from_two_readings() -> None:
    readings = iter([procfs.Use(100, 60, 40, 7, 1000, 2000, 3), procfs.Use(150, 80, 70, 11, 1500, 2500, 5)])
    with hostile(honest) as address:
        result = run(address, plan(), lambda: next(readings))
    assert result.server == ServerUse(50, 20, 30, 4, 1000, 2500, 5)
    assert result.server_cpu_ns == 50


def test_threads_that_ended_do_not_make_switches_negative() -> None:
    readings = iter([procfs.Use(0, 0, 0, 7, 0, 0, 9), procfs.Use(0, 0, 0, 2, 0, 0, 1)])
    with hostile(honest) as address:
        server = run(address, plan(), lambda: next(readings)).server
    assert server
    assert server.involuntary_switches == 0


def test_without_a_meter_nothing_is_known_of_the_server() -> None:
    result = load(honest)
    assert result.server is None
    assert result.server_cpu_ns is None


def test_reading_the_server_is_no_cpu_time_of_the_engine() -> None:
    def meter() -> procfs.Use:
        end_ns = time.thread_time_ns() + 300_000_000
        while time.thread_time_ns() < end_ns:
            sum(range(1000))
        return used(0)

    with hostile(honest) as address:
        result = run(address, plan(requests=1), meter)
    assert 0 < result.engine_cpu_ns < 300e6


def test_disturbances_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    switches, stolen = iter([3, 8]), iter([20_000_000, 50_000_000])
    monkeypatch.setattr(resource, "getrusage", lambda who: SimpleNamespace(ru_nivcsw=next(switches)))
    monkeypatch.setattr(procfs, "stolen_ns", lambda: next(stolen))
    result = load(honest)
    assert (result.engine_switches, result.stolen_ns) == (5, 30_000_000)


def test_the_same_seed_sends_the_same() -> None:
    def sent(seed: int) -> bytes:
        received = bytearray()

        def answer(connection: socket.socket) -> None:
            while data := connection.recv(65536):
                received.extend(data)
                connection.sendall(data.upper())

        load(answer, Plan(1, 64, 60.0, 10.0, seed=seed, max_requests=5))
        return bytes(received)

    first = sent(1)
    assert len(first) == 64 * (1 + 5 + 1)  # an exchange to open and one to end
    assert first == sent(1) != sent(2)
    assert len({first[start : start + 64] for start in range(0, len(first), 64)}) == 7


@pytest.mark.parametrize(
    ("handler", "failure"),
    [
        pytest.param(answering(lambda data: data), Failure.MISMATCH, id="lower-case"),
        pytest.param(answering(lambda data: data.upper()[1:] + b"?"), Failure.MISMATCH, id="shifted"),
        pytest.param(answering(lambda data: data.upper()[:-1] + b"\0"), Failure.MISMATCH, id="last-byte"),
        pytest.param(answering(lambda data: data.upper() + b"!"), Failure.SURPLUS, id="over-sending"),
        pytest.param(answering(lambda data: data.upper() * 2), Failure.SURPLUS, id="twice"),
        pytest.param(after(20, lambda _: None), Failure.EARLY_END, id="ends-early"),
        pytest.param(after(0, lambda _: None), Failure.EARLY_END, id="ends-at-once"),
        pytest.param(after(1 + 50, lambda _: None), Failure.EARLY_END, id="ends-before-the-last"),
        pytest.param(after(20, reset), Failure.RESET, id="resets"),
        pytest.param(after(0, reset), Failure.RESET, id="resets-at-once"),
        pytest.param(after(20, lambda connection: connection.sendall(bytes(32))), Failure.MISMATCH, id="makes-it-up"),
    ],
)
def test_misbehaviour_is_counted_by_kind(handler: Handler, failure: Failure) -> None:
    assert load(handler).errors == {failure: 1}


def test_each_connection_that_fails_is_counted() -> None:
    assert load(after(3, reset), plan(connections=5)).errors == {Failure.RESET: 5}


def test_a_reply_of_before_is_no_reply() -> None:
    def stale(connection: socket.socket) -> None:
        first = connection.recv(64, socket.MSG_WAITALL).upper()
        connection.sendall(first)
        while connection.recv(64, socket.MSG_WAITALL):
            connection.sendall(first)

    assert load(stale).errors == {Failure.MISMATCH: 1}


@pytest.mark.parametrize(
    "handler",
    [
        pytest.param(wait_for_end, id="silent"),
        pytest.param(after(3, wait_for_end), id="falls-silent"),
        pytest.param(answering(lambda data: data.upper()[:-1]), id="truncating"),
    ],
)
def test_silence_ends_at_the_deadline(handler: Handler) -> None:
    assert load(handler, plan(deadline=0.2)).errors == {Failure.TIMED_OUT: 1}


def test_dripping_does_not_outlast_the_deadline() -> None:
    def drip(connection: socket.socket) -> None:
        for code in connection.recv(1000, socket.MSG_WAITALL).upper():
            connection.sendall(bytes([code]))
            threading.Event().wait(0.001)  # the pace, not a synchronisation

    assert load(drip, plan(size=1000, deadline=0.2)).errors == {Failure.TIMED_OUT: 1}


def test_a_connection_that_the_server_does_not_end_is_an_error() -> None:
    released = threading.Event()

    def hold(connection: socket.socket) -> None:
        honest(connection)
        released.wait(10)

    with hostile(hold) as address:
        result = run(address, plan(connections=2, deadline=1.0))
        released.set()
    assert result.errors == {Failure.TIMED_OUT: 2}


def test_words_after_the_end_are_surplus() -> None:
    def talk(connection: socket.socket) -> None:
        honest(connection)
        connection.sendall(b"bye")

    assert load(talk).errors == {Failure.SURPLUS: 1}


def test_speaking_first_is_surplus() -> None:
    def greet(connection: socket.socket) -> None:
        connection.sendall(b"hello")
        wait_for_end(connection)

    assert set(load(greet).errors) <= {Failure.SURPLUS, Failure.MISMATCH}
    assert load(greet).errors


def test_nobody_there_is_refused(directory: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = Address.of(listener)
    assert run(address, plan(connections=3)).errors == {Failure.REFUSED: 1}
    assert run(Address.parse(f"unix:{directory}/none"), plan()).errors == {Failure.REFUSED: 1}


def test_a_load_with_failures_is_no_load() -> None:
    result = load(answering(lambda data: data))
    assert (result.requests, result.elapsed_ns, result.latency.max_ns) == (0, 0, 0)


def test_idle_connections_are_open_all_the_while_and_end_well() -> None:
    opened: list[int] = []
    sizes: list[int] = []

    def answer(connection: socket.socket) -> None:
        opened.append(1)
        size = 0
        while data := connection.recv(65536):
            size += len(data)
            connection.sendall(data.upper())
        sizes.append(size)

    def meter() -> procfs.Use:
        return used(len(opened) - len(sizes))

    with hostile(answer) as address:
        result = run(address, Plan(2, 64, 60.0, 10.0, max_requests=50, idle=5), meter)
    assert not result.errors
    assert result.server_cpu_ns == 0  # all are open at both readings
    assert sorted(sizes)[:5] == [2 * 64] * 5  # an exchange to open and one to end
    assert len(sizes) == 7


def test_an_idle_connection_that_breaks_is_an_error() -> None:
    numbers = itertools.count()

    def answer(connection: socket.socket) -> None:
        if next(numbers) == 2:
            connection.sendall(connection.recv(64, socket.MSG_WAITALL).upper())
        else:
            honest(connection)

    with hostile(answer) as address:
        result = run(address, Plan(2, 64, 0.2, 10.0, idle=1))
    assert result.errors == {Failure.EARLY_END: 1}


def test_an_unknown_host_is_the_callers_mistake() -> None:
    with pytest.raises(AddressError, match=r"no\.such\.host\.invalid"):
        run(Address.parse("no.such.host.invalid:80"), plan())
